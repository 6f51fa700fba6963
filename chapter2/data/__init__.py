"""Data: the catalogue, its sources, the reader's own files, splits and batching."""

from chapter2.data.access import card, fetch, folder, load, names, status, verify
from chapter2.data.records import TaggedDataset, TextDataset

__all__ = [
    "TaggedDataset",
    "TextDataset",
    "card",
    "fetch",
    "folder",
    "load",
    "names",
    "status",
    "verify",
]
