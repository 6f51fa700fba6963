"""Fine-tunes small classifiers in as many processes as start it; not a test itself.

    python shared_fine_tuning.py RESULT FOLDER

Each process writes RESULT.RANK: what every case of CASES gave it.
"""

import json
import signal
import sys
from pathlib import Path

import torch

from chapter2 import runtime
from chapter2.data import TextDataset
from chapter2.errors import InterruptedTraining
from chapter2.models import load_encoder
from chapter2.objectives import classification
from chapter2.training import TrainingConfig, fine_tune
from chapter2.training.distributed import processes
from chapter2.tuning import tune

# SGD, since AdamW divides by the gradient's size: where that is rounding alone, as at
# the bias of a key, its step is as large as elsewhere, and of no meaning
CONFIG = TrainingConfig(
    epochs=2,
    batch_size=4,
    optimizer="sgd",
    learning_rate=0.1,
    precision="fp32",
    accumulation=2,
)
WORDS = ("bad worst no", "good great best")


def records(count):
    """Texts of several lengths, whose words tell their labels."""
    texts = tuple(f"{WORDS[i % 2]} film {'the ' * (i % 7)}" for i in range(count))
    return TextDataset("made", texts, tuple(i % 2 for i in range(count)), ("a", "b"))


def classifier(method, dropout):
    made = load_encoder("tiny-random", ("a", "b"), seed=1)
    for module in made.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = dropout
    return made if method == "plain" else tune(made, method)


def run(mine, method="plain", dropout=0.0, config=CONFIG, frozen=False, **options):
    """Train on 37 records: of the batches of 4 one has a single row."""
    subject = classifier(method, dropout)
    subject.model.base_model.requires_grad_(not frozen)
    history = fine_tune(
        subject, records(37), records(9), config, progress=False, processes=mine,
        **options,
    )  # fmt: skip
    return {
        "weights": {k: v.tolist() for k, v in subject.model.state_dict().items()},
        "losses": history.losses,
        "counts": history.counts,
        "validations": [v["loss"] for v in history.validations],
        "precision": history.precision,
    }


def chance(mine, dropout):
    """Return this process's own losses on a batch of equal texts."""
    one = records(2).texts[0]
    same = TextDataset("made", (one, one), (0, 1), ("a", "b"))
    seen = []

    def objective(model, batch):
        logits = []

        def logits_of(model, inputs):
            logits.append(model(**inputs).logits)
            return logits[0]

        found = classification(model, batch, logits_of)
        seen.append(logits[0].tolist())
        return found

    subject = classifier("plain", dropout)
    fine_tune(
        subject, same, None, CONFIG, progress=False, objective=objective, processes=mine
    )
    return seen


def stopped_and_resumed(mine, folder):
    """Send a signal to the last process in its fourth step; then go on."""
    calls = []

    def objective(model, batch):
        calls.append(1)
        if len(calls) == 7 and mine.rank == mine.count - 1:
            signal.raise_signal(signal.SIGTERM)
        return classification(model, batch)

    options = {"dropout": 0.3, "out": folder, "objective": objective}
    try:
        run(mine, **options)
    except InterruptedTraining as error:
        return {"stopped": str(error), **run(mine, resume=True, **options)}


def disagreeing(mine):
    """Let the first process find bf16 faster, and the other one not."""
    measured, runtime.bf16_pays = runtime.bf16_pays, lambda _: mine.rank == 0
    try:
        return run(mine, config=TrainingConfig(epochs=1, batch_size=8))
    finally:
        runtime.bf16_pays = measured


def cases(mine, folder):
    """Return what each case gave this process."""
    found = {name: run(mine, name) for name in ("plain", "lora")}
    # as a run that ended early leaves it: frozen but for the head
    found["gradual"] = run(mine, "gradual", frozen=True)
    found["dropout"] = run(mine, dropout=0.3, objective=classification)
    found["chance"] = chance(mine, 0.3)
    found["no chance"] = chance(mine, 0.0)
    if mine.count > 1:
        found["resumed"] = stopped_and_resumed(mine, folder)
        found["disagreeing"] = disagreeing(mine)
    return found


def main():
    result, folder = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    mine = processes()
    found = cases(mine, folder)
    result.with_suffix(f".{mine.rank}").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
