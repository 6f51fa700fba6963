"""Data: the catalogue, its sources, the reader's own files, splits and batching."""
