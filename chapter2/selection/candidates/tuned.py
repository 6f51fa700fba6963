"""Fine-tuned encoders: the head alone, LoRA, or every weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chapter2.selection.candidates import notices
from chapter2.selection.candidates.base import READ, UNSTATED, Entry, checked_effort
from chapter2.selection.candidates.frozen import MINILM_FACTS
from chapter2.selection.candidates.regression import check_classes
from chapter2.selection.candidates.schedule import Schedule

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.models import Classifier

# 256 film snippets took 96 steps to learn from, and lost 16 points with 32 of them
# (chapter2/results/advice.json); small batches give few records many steps
SCHEDULE = Schedule(epochs=3, least_steps=120, most_epochs=10, batch_size=16)


@dataclass(frozen=True)
class Tuned:
    """A pretrained encoder under a new head; what ``method`` names is trained."""

    entry: Entry
    encoder: str
    method: str = "full"  # or any other of chapter2.tuning that can be merged
    learning_rate: float = 1e-4  # peak
    schedule: Schedule = SCHEDULE
    max_length: int = READ  # tokens

    def work(self, records: int) -> float:
        """Return how many records training on so many reads, repeats counted."""
        return self.schedule.passes(records)

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> Classifier:
        """Train on ``effort`` of the epochs; see :class:`Candidate`.

        What a method inserted is merged: a plain classifier is returned.
        """
        from chapter2.models import load_encoder
        from chapter2.training import TrainingConfig, fine_tune
        from chapter2.tuning import tune

        check_classes(train)
        part, epochs = self.schedule.share(train, checked_effort(effort), seed)
        base = load_encoder(self.encoder, train.label_names, seed, self.max_length)
        tuned = tune(base, self.method, seed=seed)
        config = TrainingConfig(
            epochs=epochs,
            learning_rate=self.learning_rate,
            batch_size=self.schedule.batch_size,
            # the last weights, where the rate has come down to 0, unless records that
            # nobody predicts are there to choose by
            monitor="loss" if validation else "step",
            seed=seed,
        )
        fine_tune(tuned, part, validation, config, progress=False)
        made = tuned.merged()
        made.model.eval()
        longer = base.truncated(part.texts)
        made.notices = (
            *made.notices,
            *notices.cut(longer, len(part), base.max_length),
        )
        return made


def _minilm(
    name: str, title: str, simplicity: int, *sources: str, smallest_mb: float = 23.0
) -> Entry:
    return Entry(
        name=name,
        title=title,
        simplicity=simplicity,
        licence="Apache-2.0",
        languages=("en",),
        window=READ,
        parameters=22_713_986,  # for two classes
        trains_by_epochs=True,
        weights="minilm",
        smallest_mb=smallest_mb,
        least_records=20,
        sources=(*sources, *MINILM_FACTS),
    )


# the rates: those that chapter2/results/tuning.json chose on 2,048 records, but for
# full fine-tuning, where chapter2/results/chapter5.json found 1e-4 as good in fewer
# epochs
HEAD = Tuned(
    _minilm("minilm-head", "MiniLM, only its head trained", 8, smallest_mb=90.0),
    encoder="minilm",
    method="head",
    learning_rate=1e-2,
)
LORA = Tuned(
    _minilm(
        "minilm-lora", "MiniLM fine-tuned by LoRA", 10, "Hu et al. (2022): LoRA, merged"
    ),
    encoder="minilm",
    method="lora",
    learning_rate=1e-3,
)
FULL = Tuned(
    _minilm(
        "minilm-full", "MiniLM fine-tuned", 12, "Devlin et al. (2019): fine-tuning"
    ),
    encoder="minilm",
)
TINY = Tuned(
    Entry(
        name="bert-tiny-full",
        title="BERT-tiny fine-tuned",
        simplicity=5,
        licence="Apache-2.0",
        languages=("en",),
        window=READ,
        parameters=4_386_178,
        trains_by_epochs=True,
        weights="bert-tiny",
        smallest_mb=4.5,
        least_records=20,
        sources=("Turc et al. (2019): small BERTs, 2 layers of width 128",),
    ),
    encoder="bert-tiny",
    learning_rate=3e-4,  # small models take larger steps: Turc et al., to 3e-4
)


def _bert_base(
    weights: str,
    title: str,
    simplicity: int,
    language: str,
    parameters: int,
    smallest_mb: float,
) -> Tuned:
    """Return the candidate of a BERT base of the Hub, with ``parameters`` in all."""
    entry = Entry(
        name=f"{weights.removesuffix('-uncased')}-full",
        title=f"{title} fine-tuned",
        simplicity=simplicity,
        licence="Apache-2.0",
        languages=(language,),
        window=READ,
        parameters=parameters,
        trains_by_epochs=True,
        weights=f"google-bert/{weights}",
        smallest_mb=smallest_mb,
        least_records=20,
        sources=(
            "Devlin et al. (2019): BERT, rates of 2e-5 to 5e-5",
            "the catalogue's card: revision and licence; not fetched by us yet",
        ),
    )
    return Tuned(entry, encoder=f"google-bert/{weights}", learning_rate=5e-5)


BASE = _bert_base("bert-base-uncased", "BERT base", 14, "en", 109_483_778, 110.0)
CHINESE = _bert_base(
    "bert-base-chinese", "BERT base, Chinese,", 16, "zh", 102_269_186, 103.0
)


def hub_encoder(
    name: str, licence: str = UNSTATED, languages: tuple[str, ...] | None = None
) -> Tuned:
    """Return the candidate of any encoder on the Hub, or in a folder, by its name.

    Args:
        name: ``owner/name@revision``; without a revision the newest is taken.
        licence: as its page states.
        languages: that it was trained on; None: any.
    """
    entry = Entry(
        name=f"hub:{name}",
        title=f"{name} fine-tuned",
        simplicity=18,
        licence=licence,
        languages=languages,
        window=READ,
        trains_by_epochs=True,
        weights=name,
        least_records=20,
        on_request=True,
        sources=("named by the user",),
    )
    return Tuned(entry, encoder=name, learning_rate=5e-5)
