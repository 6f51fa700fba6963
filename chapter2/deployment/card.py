"""A model card in the Hub's format: a YAML header for programs, prose for people.

The header is written by ``huggingface_hub``; the sections follow Mitchell et al., 2019.
Nothing is asked of the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chapter2.errors import UsageError

# key of the facts: heading of its section; in this order, where it is given
SECTIONS = {
    "summary": "",
    "intended": "Intended use",
    "limits": "Limits",
    "data": "Training data",
    "procedure": "Training procedure",
    "evaluation": "Evaluation",
    "footprint": "Speed and size",
    "explanation": "How it was chosen",
    "usage": "Use",
    "versions": "Versions",
}
HEADER = (
    *("title", "license", "language", "tags", "base_model", "datasets", "metrics"),
    *("task", "scores", "dataset"),
)
USAGE = """```python
from chapter2.deployment.shipped import load_model

model = load_model("this-folder")
model.predict_proba(["A text."])  # one probability for each of model.label_names
```

or `chapter2 predict this-folder texts.txt`. No network is needed."""


def model_card(facts: Mapping[str, Any]) -> str:
    """Return the text of a ``README.md``.

    Args:
        facts: ``title`` and any of the following. For the header: ``license``,
            ``language`` (ISO 639-1, one or several), ``tags``, ``base_model``,
            ``datasets``, ``metrics`` (their names), ``task`` (``text-classification``),
            and ``scores`` (name -> value) on ``dataset``, a name. Sections, each
            prose, a list of sentences, or a table as name -> value: the keys of
            ``SECTIONS``. What is None is left out.

    Raises:
        UsageError: no title, or a key that is none of these.
    """
    stated = {key: value for key, value in facts.items() if value is not None}
    unknown = sorted(set(stated) - {*HEADER, *SECTIONS})
    if unknown or not stated.get("title"):
        raise UsageError(
            f"A model card knows no {unknown[0]!r}; it takes {', '.join(HEADER)} and "
            f"{', '.join(SECTIONS)}."
            if unknown
            else "A model card needs a title."
        )
    stated.setdefault("usage", USAGE)
    parts = [f"---\n{_header(stated)}\n---", f"# {stated['title']}"]
    for key, heading in SECTIONS.items():
        if stated.get(key):
            body = _section(stated[key])
            parts.append(f"## {heading}\n\n{body}" if heading else body)
    return "\n\n".join(parts) + "\n"


def _header(facts: Mapping[str, Any]) -> str:
    """Return the YAML header, without the lines that fence it."""
    from huggingface_hub import EvalResult, ModelCardData

    task = facts.get("task", "text-classification")
    scores: Mapping[str, float] = facts.get("scores", {})
    name = facts.get("dataset", "the user's own records")
    results = [
        EvalResult(
            task_type=task,
            dataset_type=name,
            dataset_name=name,
            metric_type=metric,
            metric_value=round(float(value), 4),
        )
        for metric, value in scores.items()
    ]
    plain = ("license", "language", "tags", "base_model", "datasets")
    given = {key: _plain(facts[key]) for key in plain if key in facts}
    data = ModelCardData(
        **given,
        metrics=list(facts.get("metrics", scores)) or None,
        pipeline_tag=task,
        library_name="chapter2",
        model_name=facts["title"] if results else None,
        eval_results=results or None,
    )
    return str(data.to_yaml()).strip()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | set) else value


def _section(content: Any) -> str:
    """Return prose as it is, a list as bullets, names with values as a table."""
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, Mapping):
        rows = [f"| {_cell(key)} | {_cell(value)} |" for key, value in content.items()]
        return "\n".join(("| | |", "|---|--:|", *rows))
    assert isinstance(content, Sequence)
    return "\n".join(f"- {sentence}" for sentence in content)


def _cell(value: Any) -> str:
    text = f"{value:,.4g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").split())
