"""The reader's own files: CSV, TSV, JSONL and Parquet, whole or as a stream."""

from chapter2.data.files.reader import read_file
from chapter2.data.files.streaming import stream_file, stream_texts

__all__ = ["read_file", "stream_file", "stream_texts"]
