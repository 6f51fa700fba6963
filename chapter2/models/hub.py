"""From a model's name to a folder: the catalogue's, the reader's own, or the Hub's.

A Hub name may carry its revision after an at sign: ``owner/name@revision``. Only
configuration, tokenizer and safetensors files are fetched: no pickle is ever read.
"""

from __future__ import annotations

import re
from pathlib import Path

from chapter2 import data
from chapter2.data.sources.hub import unreachable
from chapter2.errors import FetchError, ModelError

WANTED = ["*.json", "*.jinja", "*.txt", "*.model", "*.spm", "model*.safetensors"]
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w./-]+)?")


def resolve(name: str) -> Path:
    """Return the folder of the encoder ``name``.

    Weights of the catalogue are read at the revision that it states; the Hub's other
    repositories at ``@revision``, or at their newest.

    Raises:
        ModelError: the name is neither the catalogue's, nor a folder, nor on the Hub.
        FetchError: it must be fetched and cannot be.
    """
    if name in data.names() and data.card(name).task == "weights":
        return data.folder(name)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return folder
    if not HUB_ID.fullmatch(name) or name.startswith("."):
        raise ModelError(
            f"{name!r} is no model here: neither a folder that exists nor a name on "
            "the Hugging Face Hub; the embedded models are 'minilm' and 'bert-tiny'."
        )
    return snapshot(name)


def snapshot(name: str) -> Path:
    """Return the local folder of the Hub repository ``name``, fetched if need be.

    Raises:
        ModelError: the Hub has no such repository or revision, or asks for a login.
        FetchError: the Hub cannot be reached and the cache does not have it.
    """
    repository, _, revision = name.partition("@")
    stated = revision or None
    return _cached(repository, stated) or _download(repository, stated)


def _cached(repository: str, revision: str | None) -> Path | None:
    """Return the cached folder if it is there and whole, asking no network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(repository, revision=revision, local_files_only=True)
        )
    except LocalEntryNotFoundError:
        return None
    whole = (folder / "config.json").exists() and any(folder.glob("model*.safetensors"))
    return folder if whole else None


def _download(repository: str, revision: str | None) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError
    from huggingface_hub.errors import RepositoryNotFoundError as NoRepository
    from huggingface_hub.errors import RevisionNotFoundError as NoRevision

    at = f" at revision {revision}" if revision else ""
    try:
        # one short question first: it fails at once where a download would retry
        HfApi().model_info(repository, revision=revision, timeout=10)
        return Path(
            snapshot_download(repository, revision=revision, allow_patterns=WANTED)
        )
    except GatedRepoError as error:
        raise ModelError(
            f"{repository} asks for an account on the Hugging Face Hub; accept its "
            "terms there and run `hf auth login`, or name an open model."
        ) from error
    except (NoRepository, NoRevision) as error:
        raise ModelError(
            f"The Hugging Face Hub has no model {repository!r}{at}; check the "
            "spelling, or name a folder or 'minilm'."
        ) from error
    except unreachable() as error:
        raise FetchError(
            f"{repository}{at} is not in the cache and the Hugging Face Hub cannot be "
            "reached; connect to the network once, or use the embedded model 'minilm'."
        ) from error
