"""``chapter2 pretrain``: running text in, a language model and its measures out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chapter2.cli import run_folder, sources
from chapter2.cli.options import (
    Encoding,
    Json,
    Limit,
    Precision,
    Quiet,
    Resume,
    Seed,
    TextColumn,
    Track,
)
from chapter2.errors import UsageError

if TYPE_CHECKING:
    from chapter2.data import Corpus


class Family(StrEnum):
    """What can be pretrained; those of chapter2.models.language_model."""

    bert = "bert"
    gpt = "gpt"
    lstm = "lstm"
    gru = "gru"
    rnn = "rnn"
    ngram = "ngram"


class Size(StrEnum):
    """How large a new model is."""

    tiny = "tiny"
    mini = "mini"
    small = "small"
    base = "base"


CorpusName = Annotated[
    str,
    typer.Argument(
        metavar="CORPUS",
        help="A .txt file (blank lines part documents), a .csv, .tsv, .jsonl or"
        " .parquet file, or a name of the catalogue.",
    ),
]
TitleColumn = Annotated[
    str | None,
    typer.Option("--title", help="Column of the titles; a title is never split apart."),
]
FamilyName = Annotated[
    Family | None, typer.Option("--family", help="Of a new model; bert if not given.")
]
SizeName = Annotated[
    Size | None, typer.Option("--size", help="Of a new model; tiny if not given.")
]
Start = Annotated[
    str | None,
    typer.Option(
        "--continue-from",
        metavar="MODEL",
        help="Go on with bert-tiny, minilm, a folder or a Hugging Face Hub name.",
    ),
]
Tokens = Annotated[
    int, typer.Option(min=1, help="Tokens to see, rounded up to a whole batch.")
]
Length = Annotated[int, typer.Option(min=2, help="Tokens in a block.")]
Vocabulary = Annotated[
    int | None,
    typer.Option(min=10, help="Pieces of a new tokenizer; 8192 if not given."),
]
Rate = Annotated[
    float | None,
    typer.Option("--learning-rate", help="Peak of the rate; else the family's own."),
]
MaskRate = Annotated[
    float | None,
    typer.Option("--mask-rate", help="Share of the tokens hidden from bert; 0.15."),
]
WholeWords = Annotated[
    bool, typer.Option("--whole-words", help="Hide all pieces of a word together.")
]
Blocks = Annotated[
    int, typer.Option("--batch-size", min=1, help="Blocks per step, of all processes.")
]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the model.")]


@dataclass(frozen=True)
class Request:
    """What the command line asks for; the fields are the options' names."""

    corpus: str
    text: str | None
    title: str | None
    family: str | None
    size: str | None
    continue_from: str | None
    tokens: int
    length: int
    vocabulary: int | None
    out: Path
    batch_size: int
    learning_rate: float | None
    mask_rate: float | None
    whole_words: bool
    precision: str
    seed: int
    limit: int | None
    encoding: str | None
    resume: bool
    track: tuple[str, ...]
    json: bool
    quiet: bool

    def __post_init__(self) -> None:
        started = self.continue_from is not None
        new = {"family": self.family, "size": self.size, "vocabulary": self.vocabulary}
        given = [f"--{name}" for name, value in new.items() if value is not None]
        if started and given:
            raise UsageError(
                f"--continue-from {self.continue_from} brings its own family, size and"
                f" tokenizer; leave out {' and '.join(given)}."
            )
        masks = self.mask_rate is not None or self.whole_words
        if masks and not started and self.family not in (None, "bert"):
            raise UsageError(
                f"--mask-rate and --whole-words are for bert, which hides tokens; a"
                f" {self.family} model predicts the next one."
            )
        if self.family == "ngram" and self.learning_rate is not None:
            raise UsageError(
                "--learning-rate has no meaning for ngram, which counts; leave it out."
            )
        rate = self.mask_rate
        if rate is not None and not 0 < rate < 1:
            raise UsageError(f"--mask-rate is {rate}; it must lie between 0 and 1.")

    def settings(self, corpus: Corpus) -> dict[str, Any]:
        """Return what decides the weights: a resumed run must have the same."""
        return run_folder.settings_of(self, "pretrain", corpus.fingerprint())


def pretrain(
    corpus: CorpusName,
    text: TextColumn = None,
    title: TitleColumn = None,
    family: FamilyName = None,
    size: SizeName = None,
    continue_from: Start = None,
    tokens: Tokens = 1_000_000,
    length: Length = 128,
    vocabulary: Vocabulary = None,
    out: OutFolder = Path("language-model"),
    batch_size: Blocks = 32,
    learning_rate: Rate = None,
    mask_rate: MaskRate = None,
    whole_words: WholeWords = False,
    precision: Precision = "auto",
    seed: Seed = 0,
    limit: Limit = None,
    encoding: Encoding = None,
    resume: Resume = False,
    track: Track = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Pretrain a language model on running text, and measure it on unseen text.

    A new model gets a tokenizer of its own, trained on the text. With --continue-from a
    model goes on from where it stands, say to learn the words of a domain. The text is
    split by a seed into 90 % training, 5 % validation and 5 % test; no title and no
    near-equal passage stands in two parts. Texts are packed: no position is padding.

    Several processes share the work when it is started by
    accelerate launch --multi_gpu --num_processes 2 -m chapter2 pretrain ...
    """
    given = dict(locals())  # the parameters alone: nothing else is named yet
    names = {key: getattr(given[key], "value", None) for key in ("family", "size")}
    followers = tuple(name.value for name in track or ())
    start(Request(**{**given, **names, "track": followers}))


def start(request: Request) -> None:
    """Read and split the text, then train: a bad file is refused before torch loads."""
    from chapter2.data import split_corpus

    console = run_folder.begin(request)
    corpus = sources.read_corpus(
        request.corpus,
        request.text,
        request.title,
        request.limit,
        request.encoding,
        request.seed,
    )
    parts = split_corpus(corpus, seed=request.seed)

    from chapter2.cli.pretraining import run

    run(request, corpus, parts, console)
