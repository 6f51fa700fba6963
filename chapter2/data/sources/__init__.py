"""Where the catalogue's data come from: pinned packages, pinned Hub repositories."""
