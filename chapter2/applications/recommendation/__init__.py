"""Recommendation: what a person may like next, and why (section 6.3)."""

from chapter2.applications.recommendation.als import ALS, ALSOptions
from chapter2.applications.recommendation.base import (
    Explanation,
    Recommender,
    recommend,
    top,
)
from chapter2.applications.recommendation.blend import Blend, choose_weights
from chapter2.applications.recommendation.cold_start import Chance, cold_comparison
from chapter2.applications.recommendation.evaluate import Comparison, compare, measure
from chapter2.applications.recommendation.film_texts import (
    film_text,
    genre_matrix,
    genre_names,
    text_vectors,
)
from chapter2.applications.recommendation.item_knn import ItemKNN, ItemKNNOptions
from chapter2.applications.recommendation.likes import (
    Likes,
    Task,
    Windows,
    history_of,
    time_windows,
)
from chapter2.applications.recommendation.popularity import Popularity
from chapter2.applications.recommendation.two_tower import TwoTower, TwoTowerOptions

__all__ = [
    "ALS",
    "ALSOptions",
    "Blend",
    "Chance",
    "Comparison",
    "Explanation",
    "ItemKNN",
    "ItemKNNOptions",
    "Likes",
    "Popularity",
    "Recommender",
    "Task",
    "TwoTower",
    "TwoTowerOptions",
    "Windows",
    "choose_weights",
    "cold_comparison",
    "compare",
    "film_text",
    "genre_matrix",
    "genre_names",
    "history_of",
    "measure",
    "recommend",
    "text_vectors",
    "time_windows",
    "top",
]
