"""A model behind an OpenAI-compatible endpoint: only where the user names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chapter2.selection.candidates.base import UNSTATED, Entry
from chapter2.selection.candidates.prompted import choose_examples

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.models.chat_request import EndpointConfig
    from chapter2.models.endpoint import Endpoint


@dataclass(frozen=True)
class Remote:
    """Sends each text, and the examples, to the address that the user gave."""

    entry: Entry
    config: EndpointConfig
    shots: int = 8  # examples in the prompt, of all classes together

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> Endpoint:
        """Choose the examples; nothing is sent yet; see :class:`Candidate`."""
        from chapter2.models.endpoint import Endpoint

        examples = choose_examples(train, self.shots, seed)
        return Endpoint(train.label_names, self.config, examples)


def endpoint_candidate(
    url: str, model: str, licence: str = UNSTATED, shots: int = 8, **settings: Any
) -> Remote:
    """Return the candidate of ``model`` at ``url``; nothing is sent by this.

    ``settings``: further fields of ``chapter2.models.chat_request.EndpointConfig``.

    Raises:
        UsageError: no address, or a setting out of range.
    """
    from chapter2.models.chat_request import EndpointConfig

    entry = Entry(
        name=f"endpoint:{model}@{url}",
        title=f"{model} at {url}",
        simplicity=22,
        licence=licence,
        network=True,
        on_request=True,
        least_records=1,
        sources=("named by the user",),
    )
    return Remote(entry, EndpointConfig(url, model, **settings), shots)
