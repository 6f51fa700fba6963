"""The models of the monitor's benchmark: at home, on a company, and on newswire."""

from __future__ import annotations

from typing import Any

import numpy as np

from chapter2 import data, evaluation
from chapter2.applications.financial_opinion.newswire import newswire_opinions
from chapter2.applications.financial_opinion.transfer import transfers
from chapter2.data import TextDataset, unit_numbers


def quality(learnt: dict[str, Any]) -> dict[str, Any]:
    """Measure topics on newswire, opinions at home and on the texts on a company."""
    news, rated = learnt["news"].test, learnt["rated"].test
    company = data.load("company-texts")
    base = evaluation.majority(learnt["rated"].train)
    found = {"majority": tuple(base.predict(each.texts) for each in (rated, company))}
    # the most frequent class there, which a model from elsewhere cannot know
    neutral = company.label_names.index("neutral")
    found["always neutral"] = tuple(
        np.full(len(each), neutral) for each in (rated, company)
    )
    topics = {}
    for name, scorer in learnt["scorers"].items():
        labels = [scorer.score(each.texts)[1].argmax(1) for each in (rated, company)]
        found[name] = tuple(labels)
        topics[name] = evaluation.bootstrap_interval(
            "accuracy",
            news.labels,
            scorer.score(news.texts)[0],
            units=unit_numbers(news),
        ).to_dict()
    rows = compared(found, "majority", rated, company)
    gains = [
        evaluation.paired_bootstrap(
            "macro_f1", each.labels, ours, theirs, classes=3, units=unit_numbers(each)
        ).to_dict()
        for each, ours, theirs in zip(
            (rated, company), found["encoder"], found["linear"], strict=True
        )
    ]
    sizes = {"home": rated.counts(), "away": company.counts(), "news": len(news)}
    return {
        "topics": topics,
        "opinions": rows,
        "encoder_minus_linear": dict(zip(("home", "away"), gains, strict=True)),
        "learnt_there": learnt_there(company, learnt["scorers"]),
        "newswire": on_newswire(rated, learnt["scorers"]),
        "records": sizes,
    }


def compared(
    found: dict[str, Any], baseline: str, home: TextDataset, away: TextDataset
) -> dict[str, Any]:
    """Return what each model scores and loses, by two metrics, ready to be stored."""
    return {
        metric: [
            {k: getattr(v, "to_dict", lambda v=v: v)() for k, v in vars(row).items()}
            for row in transfers(found, baseline, home, away, metric)
        ]
        for metric in ("accuracy", "macro_f1")
    }


def on_newswire(rated: TextDataset, scorers: dict[str, Any]) -> dict[str, Any]:
    """Return the same on the newswire that was labelled for it.

    "learnt there" is TF-IDF of four fifths of these texts, out of fold: so few are not
    enough to learn from, but they are of the domain.
    """
    texts = newswire_opinions()
    neutral = texts.label_names.index("neutral")
    found = {
        "always neutral": tuple(np.full(len(each), neutral) for each in (rated, texts)),
        **{
            name: tuple(scorer.score(e.texts)[1].argmax(1) for e in (rated, texts))
            for name, scorer in scorers.items()
        },
    }
    own = np.zeros(len(texts), dtype=int)
    for train, held_out in data.folds(texts, 5, 0):
        some = texts.select(held_out)
        own[held_out] = evaluation.tfidf_logistic(texts.select(train), "en").predict(
            some.texts
        )
    return {
        "records": len(texts),
        "opinions": compared(found, "always neutral", rated, texts),
        "learnt_there": {
            metric: evaluation.bootstrap_interval(
                metric, texts.labels, own, classes=3, units=unit_numbers(texts)
            ).to_dict()
            for metric in ("accuracy", "macro_f1")
        },
    }


def learnt_there(company: TextDataset, scorers: dict[str, Any]) -> dict[str, Any]:
    """Return what a model learnt on the company's texts is right for, and the others.

    All on the same held-out quarter: what is left of the loss is that of the domain.
    """
    parts = data.split(company, (0.65, 0.1, 0.25))
    true, texts = parts.test.labels, parts.test.texts
    units = unit_numbers(parts.test)
    own = evaluation.tfidf_logistic(parts.train, "en").predict(texts)
    rows: dict[str, Any] = {"records": len(parts.test), "trained_on": len(parts.train)}
    for name, scorer in scorers.items():
        theirs = scorer.score(texts)[1].argmax(1)
        for metric in ("accuracy", "macro_f1"):
            rows[f"{metric}_lost_by_{name}"] = evaluation.paired_bootstrap(
                metric, true, own, theirs, classes=3, units=units
            ).to_dict()
    for metric in ("accuracy", "macro_f1"):
        rows[metric] = evaluation.bootstrap_interval(
            metric, true, own, classes=3, units=units
        ).to_dict()
    return rows
