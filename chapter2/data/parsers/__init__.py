"""From the files of a source to records, one module per source."""
