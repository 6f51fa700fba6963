"""A fine-tuned encoder with weights of 8 bits: its parent's model, changed at the end.

Nothing is trained anew. Where a trial of the parent on the same records has left its
model, that one is written as an ONNX graph and quantised; else the parent is fitted
first. ONNX Runtime runs what comes out of it, without torch.
"""

from __future__ import annotations

import tempfile
import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from chapter2.selection.candidates.base import Entry
from chapter2.selection.candidates.tuned import Tuned

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.deployment.onnx_model import OnnxClassifier
    from chapter2.models import Classifier

# the first two write the graph, the third quantises and runs it
PACKAGES = ("onnx", "onnxscript", "onnxruntime")


EIGHT_BITS = ":int8"  # behind a name that the user gave; the Hub and git have no colon


def variant(facts: Entry) -> str:
    """Return the name of the variant: ``minilm-full-int8``, ``hub:owner/name:int8``."""
    return facts.name + (EIGHT_BITS if facts.on_request else "-int8")


@dataclass(frozen=True)
class Quantised:
    """``parent`` in ONNX Runtime's dynamic scheme, as ``chapter2 export --int8``."""

    parent: Tuned

    @property
    def entry(self) -> Entry:
        """The parent's facts, but for what 8 bits change."""
        facts = self.parent.entry
        return replace(
            facts,
            name=variant(facts),
            title=f"{facts.title}, weights of 8 bits",
            simplicity=facts.simplicity + 1,
            packages=PACKAGES,
            parent=facts.name,
            sources=(*facts.sources, "Jacob et al. (2018): integers for a CPU"),
        )

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> OnnxClassifier:
        """Fit the parent and change its model; see :class:`Candidate`."""
        made = self.parent.fit(train, effort=effort, seed=seed, validation=validation)
        return self.changed(made)

    def changed(self, fitted: Classifier | str) -> OnnxClassifier:
        """Return the parent's model, or the one in a folder, with weights of 8 bits.

        Raises:
            ModelError: the folder holds no whole model, or it cannot be exported.
        """
        from chapter2.deployment.export import as_classifier
        from chapter2.deployment.onnx_model import OnnxClassifier
        from chapter2.deployment.parity import to_int8, write_onnx

        scratch = tempfile.TemporaryDirectory(prefix="chapter2-int8-")
        folder = Path(scratch.name)
        write_onnx(as_classifier(fitted), folder)
        to_int8(folder)
        made = OnnxClassifier.load(folder)
        # saving copies the files: they stay for as long as the model
        weakref.finalize(made, scratch.cleanup)
        return made
