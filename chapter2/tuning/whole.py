"""A tuned classifier in a folder that needs no other: for those who only use it.

What can be merged is written as a plain classifier, which ``transformers`` reads too;
for the rest the base lies in ``base`` within. What was trained stays beside either, as
:meth:`TunedClassifier.save` writes it: with the base it gives the same model.
"""

from __future__ import annotations

import os
from pathlib import Path

from chapter2.models import Classifier
from chapter2.tuning.tuned import MERGEABLE, RECIPE, TunedClassifier

BASE, PLAIN = "base", "config.json"  # the file that every plain folder has


def save_whole(
    tuned: TunedClassifier, base: Classifier, folder: str | os.PathLike[str]
) -> Classifier:
    """Write ``tuned`` with all that it needs to ``folder``; return what was written.

    Raises:
        ModelError: the folder cannot be written.
    """
    tuned.save(folder)
    if tuned.recipe.method in MERGEABLE:
        plain = tuned.merged()
        plain.save(folder)
        return plain
    base.save(Path(folder) / BASE)
    return tuned


def load_whole(folder: str | os.PathLike[str]) -> Classifier:
    """Return the classifier in ``folder``, plain or with its base within.

    Raises:
        ModelError: the folder is not whole, or its base is another one.
    """
    source = Path(folder)
    if (source / PLAIN).exists() or not (source / RECIPE).exists():
        return Classifier.load(source)
    return TunedClassifier.load(source, Classifier.load(source / BASE))
