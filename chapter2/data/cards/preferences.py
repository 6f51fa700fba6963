"""Sets of who liked what."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import movielens
from chapter2.data.sources.pinned import WIDEDEEP

FILM_RATINGS = Card(
    name="film-ratings",
    task="ratings",
    language="en",
    source=WIDEDEEP,
    licence_package="MIT and Apache-2.0",
    licence_text="not stated in the package; MovieLens 100k upstream: no commercial "
    "use, no redistribution without permission, to be cited (Harper and Konstan, 2015)",
    notes="Ratings from 1 to 5 with their times, September 1997 to April 1998; every "
    "user rated 20 films or more. A film has a title, a year, genres, no description.",
    records=99_684,
    balances={"contents": {"ratings": 99_684, "users": 943, "films": 1_663}},
    parse=lambda folder, card, _: movielens.parse(folder, card.name),
)
