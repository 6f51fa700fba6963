"""What page 6c has no time for: several seeds, longer training, more folds and reviews.

Known films: every recommender and the blend in the test window, against both counts of
likes. Cold films: every way, folds as on the page and more. Reviews of clothes: more of
them. The blend's weights are chosen in the validation window, as on the page; nothing
else is chosen. A journal beside the result lets a run that was cut go on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import contest
import numpy as np
from journal import run_noted

from chapter2 import data
from chapter2.applications import recommendation as rec
from chapter2.applications.recommendation import reviews
from chapter2.applications.recommendation.evaluate import Measured
from chapter2.evaluation.over_seeds import over_seeds
from chapter2.models.embedding import load_embedder

STORED = contest.RESULTS / "recommendation.json"
HALF_LIFE = 7.0  # days, of popular now
ITEM_FOLDS = 0  # the seed of the folds: all runs hide the same films
# what each way is compared with
REFERENCES = {
    "known": ("popularity", "popular now"),
    "cold": ("random", "genres", "title", "genres, trained"),
}


@dataclass(frozen=True)
class Order:
    """One run of all ways of an arm."""

    arm: str
    times: int  # as many steps as the page's
    folds: int  # of the films; 0: none is hidden
    seed: int


@dataclass(frozen=True)
class Films:
    """What all runs share."""

    windows: rec.Windows
    inputs: Mapping[str, np.ndarray]  # what a tower reads, (films, width) each

    @property
    def genres(self) -> np.ndarray:
        """Zeros and ones, (films, genres)."""
        return self.inputs["genres"]


@cache
def films(encoder: str) -> Films:
    """Read the ratings and encode the films; once per process."""
    ratings = data.load("film-ratings")
    reads = load_embedder(encoder, max_length=32)
    inputs = {
        "genres": rec.genre_matrix(ratings.films),
        "title": rec.text_vectors(ratings.films, reads, genres=False),
        "title and genres": rec.text_vectors(ratings.films, reads),
    }
    return Films(rec.time_windows(ratings), inputs)


def fitted(
    past: rec.Likes, order: Order, options: argparse.Namespace
) -> dict[str, rec.Recommender]:
    """Fit the page's five recommenders, the longer where the order says so."""
    als = rec.ALSOptions(rounds=options.rounds * order.times, seed=order.seed)
    towers = rec.TwoTowerOptions(steps=options.steps * order.times, seed=order.seed)
    texts = films(options.encoder).inputs["title and genres"]
    return {
        "popularity": rec.Popularity.fit(past),
        "popular now": rec.Popularity.fit(past, half_life=HALF_LIFE),
        "item-kNN": rec.ItemKNN.fit(past),
        "ALS": rec.ALS.fit(past, als),
        "two-tower": rec.TwoTower.fit(past, texts, towers),
    }


def known(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Recommend in the test window; NDCG of each user, and the weights."""
    shared = films(options.encoder)
    windows = shared.windows
    early = fitted(windows.validation.past, order, options)
    del early["popularity"]
    weights = rec.choose_weights(early, windows.validation)
    models = fitted(windows.test.past, order, options)
    models["blend"] = rec.Blend({name: models[name] for name in weights}, weights)
    found = rec.compare(models, windows.test, shared.genres).measured
    return {"weights": weights, **of_users(found)}


def cold(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Rank films without a like among those of their fold; NDCG of each user."""
    shared = films(options.encoder)
    steps = options.cold_steps * order.times
    told = rec.TwoTowerOptions(steps=steps, seed=order.seed)
    ways: dict[str, Callable[[rec.Likes], rec.Recommender]] = {
        "random": lambda past: rec.Chance(order.seed)
    }
    for name, read in shared.inputs.items():
        ways[name] = lambda past, read=read: rec.TwoTower.frozen(read)
    for name, read in shared.inputs.items():
        ways[f"{name}, trained"] = lambda past, read=read: rec.TwoTower.fit(
            past, read, told
        )
    found = rec.cold_comparison(
        ways, shared.windows.test, shared.genres, order.folds, seed=ITEM_FOLDS
    )
    return of_users(found.measured)


def of_users(found: Mapping[str, Measured]) -> dict[str, Any]:
    """Return the NDCG of each user, by way."""
    return {"ndcg": {name: each.ndcg.round(6).tolist() for name, each in found.items()}}


def review(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Judge reviews of other garments than those learnt from; the seed draws both."""
    study = reviews.study(
        data.load("clothing-reviews"),
        options.encoder,
        train=options.records,
        test=options.records,
        seed=order.seed,
    )
    pairs = [(reviews.TFIDF, reviews.MAJORITY)]
    pairs += [(reviews.FROZEN, other) for other in (reviews.MAJORITY, reviews.TFIDF)]
    return {
        "learnt_from": study.trained_on,
        "judged": len(study.true),
        "macro_f1": {name: study.score(name).to_dict() for name in study.predicted},
        "against": {f"{a} - {b}": study.against(a, b).to_dict() for a, b in pairs},
    }


ARMS = {"known": known, "cold": cold, "reviews": review}


def run(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Carry out an order; return it with what was measured."""
    found = {**asdict(order), **ARMS[order.arm](order, options)}
    print(order, flush=True)
    return found


def setting(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return intervals over seeds and users of the runs of one setting."""
    first = runs[0]
    values = {way: np.array([r["ndcg"][way] for r in runs]) for way in first["ndcg"]}
    ways = {
        way: {
            "ndcg": over_seeds(each).to_dict(),
            "of_seeds": each.mean(axis=1).tolist(),
            "against": {
                other: over_seeds(each, values[other]).to_dict()
                for other in REFERENCES[first["arm"]]
                if other != way
            },
        }
        for way, each in values.items()
    }
    told = {key: first[key] for key in ("arm", "times", "folds")}
    if "weights" in first:  # of each seed's blend
        told["weights"] = [r["weights"] for r in runs]
    users = values[REFERENCES[first["arm"]][0]].shape[1]
    return {**told, "users": users, "ways": ways}


def settings(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was found over the seeds of each setting with films."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for each in runs:
        if "ndcg" in each:
            key = tuple(each[name] for name in ("arm", "times", "folds"))
            groups.setdefault(key, []).append(each)
    return [setting(group) for group in groups.values()]


def orders(options: argparse.Namespace) -> list[Order]:
    """Return all runs: of the page's size, longer, and longer with more folds."""
    few, many = options.folds
    kinds = [("known", 1, 0), ("known", options.times, 0)]
    kinds += [("cold", 1, few), ("cold", options.times, few)]
    kinds += [("cold", options.times, many), ("reviews", 1, 0)]
    return [Order(*kind, seed) for kind in kinds for seed in range(options.seeds)]


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--times", type=int, default=5, help="as many steps as the page's")
    add("--steps", type=int, default=300, help="of the towers, on the page")
    add("--rounds", type=int, default=rec.ALSOptions().rounds, help="of ALS, there")
    add("--cold-steps", type=int, default=100, help="of a tower for cold films, there")
    add("--folds", type=int, nargs=2, default=[3, 5], help="as on the page, and more")
    add(
        "--records", type=int, default=1_000, help="reviews to learn from, and to judge"
    )
    add("--seeds", type=int, default=3, help="0 to SEEDS - 1")
    add("--encoder", default="minilm")
    add("--jobs", type=int, default=1, help="processes")
    add("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    if options.seeds < 2 or options.times < 2:
        parser.error("give two seeds or more, and two times the page's steps or more.")
    return options


def main() -> None:
    """Run what the journal lacks, compare over the seeds, store the whole."""
    options = arguments()
    journal = options.json.with_suffix(".jsonl")
    measure = partial(run, options=options)
    left = ("jobs", "seeds", "times", "folds")  # all but the first are in the orders
    made_with = {k: v for k, v in contest.chosen(options).items() if k not in left}
    runs = run_noted(measure, orders(options), options.jobs, journal, made_with)
    found = {
        "options": contest.chosen(options),
        "half_life": HALF_LIFE,
        "films": settings(runs),
        "reviews": [each for each in runs if each["arm"] == "reviews"],
    }
    contest.store(options.json, found)


if __name__ == "__main__":
    main()
