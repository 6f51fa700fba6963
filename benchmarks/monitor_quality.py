"""The models of the monitor's benchmark: at home, and on texts on a company."""

from __future__ import annotations

from typing import Any

import numpy as np

from chapter2 import data, evaluation
from chapter2.applications.financial_opinion.transfer import transfers


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
            "accuracy", news.labels, scorer.score(news.texts)[0]
        ).to_dict()
    rows: dict[str, Any] = {}
    for metric in ("accuracy", "macro_f1"):
        rows[metric] = [
            {k: getattr(v, "to_dict", lambda v=v: v)() for k, v in vars(row).items()}
            for row in transfers(found, "majority", rated, company, metric)
        ]
    gains = [
        evaluation.paired_bootstrap(
            "macro_f1", each.labels, ours, theirs, classes=3
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
        "records": sizes,
    }


def learnt_there(company: Any, scorers: dict[str, Any]) -> dict[str, Any]:
    """Return what a model learnt on the company's texts is right for, and the others.

    All on the same held-out quarter: what is left of the loss is that of the domain.
    """
    parts = data.split(company, (0.65, 0.1, 0.25))
    true, texts = parts.test.labels, parts.test.texts
    own = evaluation.tfidf_logistic(parts.train, "en").predict(texts)
    rows: dict[str, Any] = {"records": len(parts.test), "trained_on": len(parts.train)}
    for name, scorer in scorers.items():
        theirs = scorer.score(texts)[1].argmax(1)
        for metric in ("accuracy", "macro_f1"):
            rows[f"{metric}_lost_by_{name}"] = evaluation.paired_bootstrap(
                metric, true, own, theirs, classes=3
            ).to_dict()
    for metric in ("accuracy", "macro_f1"):
        score = evaluation.bootstrap_interval(metric, true, own, classes=3)
        rows[metric] = score.to_dict()
    return rows
