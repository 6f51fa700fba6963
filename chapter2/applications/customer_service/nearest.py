"""Which stored vectors are nearest to a question's: all compared, or a graph walked.

The exhaustive search is the product of all vectors with the question's. Its time grows
with their number. A graph of neighbours, HNSW (Malkov and Yashunin, "Efficient and
robust approximate nearest neighbor search using Hierarchical Navigable Small World
graphs", 2020), is walked from vertex to vertex towards the question: it looks at a few
of the vectors, and may miss some that are near. The library faiss builds and walks it.

Shapes: N vectors, M of them in the graph, Q questions, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from chapter2.errors import UsageError

if TYPE_CHECKING:
    from faiss import IndexHNSWFlat

# On 50,000 vectors like those of passages in English, of which 100 were looked for, 200
# found 96 % at 2 ms and 100 found 93 % at 1 ms; 16 neighbours found fewer than 32, and
# twice the breadth while building took half as long again for 1 % more.
NEIGHBOURS = 32  # of each vertex
BUILDING = 40  # vertices kept in view while a vertex finds its neighbours
BREADTH = 200  # while a question finds its


def product(vectors: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the cosines (Q, N) of ``asked`` (Q, D) with ``vectors`` (N, D), float32.

    All vectors are read from memory once, whatever Q is.
    """
    import torch  # here: an index of words alone does not need it

    # by torch, not numpy: the threads of two libraries would wait for work side by
    # side, and the encoder's for a core that the other's keep busy
    questions = torch.from_numpy(asked)
    # a single question is asked twice: the product of a matrix and one vector is a
    # routine of its own, which took three times as long as that of two matrices
    # (50,000 x 384, two threads of an AMD EPYC: 8 ms and 2.5 ms)
    columns = questions.expand(2, -1).contiguous() if len(asked) == 1 else questions
    found = torch.from_numpy(vectors) @ columns.T
    return found.T[: len(asked)].contiguous().numpy()


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Graph:
    """The vectors that were there when it was built, as vertices.

    A vector that came later is compared with each question, and one that is no longer
    live is walked through and not found; so a graph never changes. It is not stored:
    loading a service builds it again.
    """

    index: IndexHNSWFlat
    places: np.ndarray  # (M,) of each vertex among the vectors; int64
    seen: int  # vectors that were there: the M, and those that are 0

    @classmethod
    def of(cls, vectors: np.ndarray) -> Graph:
        """Return the graph of those of ``vectors`` (N, D), float32, that are not 0.

        It is built by as many threads as torch uses; by more than one, which of the
        near vectors become neighbours differs a little from time to time.

        Raises:
            UsageError: faiss is not installed.
        """
        import torch

        faiss = library()
        places = np.flatnonzero(vectors.any(axis=1))
        metric = faiss.METRIC_INNER_PRODUCT
        index = faiss.IndexHNSWFlat(vectors.shape[1], NEIGHBOURS, metric)
        index.hnsw.efConstruction = BUILDING
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(torch.get_num_threads())
        try:
            index.add(vectors[places])
        finally:
            faiss.omp_set_num_threads(threads)
        return cls(index, places, len(vectors))

    def cosines(
        self, vectors: np.ndarray, asked: np.ndarray, live: np.ndarray, depth: int
    ) -> np.ndarray:
        """Return the cosines (Q, N), float32; 0 for what was not found.

        ``vectors`` (N, D) are those of the graph and any that came later; ``live`` (N,)
        says which count; about ``depth`` are found for each of ``asked`` (Q, D).
        """
        faiss = library()
        cosines = np.zeros((len(asked), len(vectors)), dtype=np.float32)
        cosines[:, self.seen :] = product(vectors[self.seen :], asked)
        cosines[:, ~live] = 0
        counted = live[self.places]
        bits = np.packbits(counted, bitorder="little")
        only = None if counted.all() else faiss.IDSelectorBitmap(bits)
        how = faiss.SearchParametersHNSW(efSearch=max(BREADTH, depth), sel=only)
        for row, question in zip(cosines, asked, strict=True):
            # one by one: for several, faiss would start threads of its own
            (near,), (vertices,) = self.index.search(question[None], depth, params=how)
            found = vertices >= 0  # -1: there were no more
            row[self.places[vertices[found]]] = near[found]
        return cosines


def library() -> ModuleType:
    """Return faiss.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise UsageError(
            "A graph of the stored answers needs the package faiss-cpu, which is not "
            "installed: run `pip install faiss-cpu`, or search all answers."
        ) from error
    return faiss
