"""Customer service: past exchanges in, answers out, and a person where unsure.

Section 6.1 of the chapter. The best stored answer is found by words (BM25) and by
meaning (an encoder), fused; a cross-encoder may read the first ten again.
"""

from chapter2.applications.customer_service.bm25 import BM25
from chapter2.applications.customer_service.choice import (
    Choice,
    Handed,
    choose,
    entries_of,
)
from chapter2.applications.customer_service.fusion import fuse
from chapter2.applications.customer_service.index import (
    AnswerIndex,
    Entry,
    Found,
    Remembering,
)
from chapter2.applications.customer_service.learn import Learned, learn
from chapter2.applications.customer_service.measures import Ranks, rank
from chapter2.applications.customer_service.nearest import Graph
from chapter2.applications.customer_service.reranker import (
    Reranker,
    fit_reranker,
    training_pairs,
)
from chapter2.applications.customer_service.service import (
    CustomerService,
    Reply,
    Settings,
)
from chapter2.applications.customer_service.store import Store
from chapter2.applications.customer_service.topics import (
    Topic,
    Topics,
    fit_topics,
    topic_parts,
)

__all__ = [
    "BM25",
    "AnswerIndex",
    "Choice",
    "CustomerService",
    "Entry",
    "Found",
    "Graph",
    "Handed",
    "Learned",
    "Ranks",
    "Remembering",
    "Reply",
    "Reranker",
    "Settings",
    "Store",
    "Topic",
    "Topics",
    "choose",
    "entries_of",
    "fit_reranker",
    "fit_topics",
    "fuse",
    "learn",
    "rank",
    "topic_parts",
    "training_pairs",
]
