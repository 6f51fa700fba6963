"""The reader's own files: tables and plain text, whole or as a stream."""

from chapter2.data.files.corpora import read_corpus
from chapter2.data.files.exchanges import read_exchanges
from chapter2.data.files.reader import read_file
from chapter2.data.files.streaming import stream_file, stream_texts

__all__ = ["read_corpus", "read_exchanges", "read_file", "stream_file", "stream_texts"]
