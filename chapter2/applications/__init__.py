"""Small working systems, built of the rooms above: section 3.4 and 6 of the chapter."""
