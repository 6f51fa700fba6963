"""Films as numbers: genres as zeros and ones, titles as an encoder's vectors.

Shapes: I items, G genres, V width of the encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chapter2.data.ratings import Film

if TYPE_CHECKING:
    from chapter2.models.embedding import Embedder


def genre_names(films: Sequence[Film]) -> tuple[str, ...]:
    """Return the genres that occur, in the order of the alphabet."""
    return tuple(sorted({genre for film in films for genre in film.genres}))


def genre_matrix(films: Sequence[Film]) -> np.ndarray:
    """Return which film has which genre, (I, G) zeros and ones."""
    names = genre_names(films)
    rows = [[genre in film.genres for genre in names] for film in films]
    return np.array(rows, dtype=float)


def film_text(film: Film, title: bool = True, genres: bool = True) -> str:
    """Return what the encoder reads: "The Ice Storm (1997). Genres: Drama."."""
    parts = []
    if title:
        year = f" ({film.year})" if film.year else ""
        parts.append(f"{film.name}{year}.")
    if genres and film.genres:
        parts.append(f"Genres: {', '.join(film.genres)}.")
    return " ".join(parts)


def text_vectors(
    films: Sequence[Film], embedder: Embedder, title: bool = True, genres: bool = True
) -> np.ndarray:
    """Return the encoder's vectors (I, V) of the films' texts, each of length 1."""
    return embedder.embed([film_text(film, title, genres) for film in films])
