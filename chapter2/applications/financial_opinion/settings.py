"""What a monitor counts and when it alarms; kept in its store, the same for good."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from chapter2.applications.financial_opinion.detector import Reference
from chapter2.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """Windows, lateness, and the references of the topics that are watched."""

    topics: tuple[str, ...]  # in the order of the topic model's labels
    window: int = 3600  # seconds
    allowance: int = 900  # seconds a text may come after newer ones and still count
    k: float = 0.5  # CUSUM: half the shift to find, in deviations of a window's mean
    remember: int = 30 * 86_400  # seconds that ids are kept, to know repeated ones
    references: dict[str, Reference] = field(default_factory=dict)  # by topic

    def __post_init__(self) -> None:
        """Refuse times that cannot be counted in.

        Raises:
            UsageError: a window of no length, a negative allowance, or ids that are
                forgotten while their window is open.
        """
        if self.window < 1 or self.allowance < 0:
            raise UsageError(
                f"window is {self.window} s and allowance {self.allowance} s; give a "
                "window of 1 s or more and an allowance of 0 or more."
            )
        if self.remember < self.window + self.allowance:
            raise UsageError(
                f"remember is {self.remember} s; keep ids for window and allowance "
                f"together, {self.window + self.allowance} s, or longer."
            )
        if unknown := set(self.references) - set(self.topics):
            raise UsageError(
                f"references name {', '.join(sorted(unknown))}; the topics are "
                f"{', '.join(self.topics)}."
            )

    def start(self, moment: float) -> int:
        """Return the start of the window that holds ``moment``, seconds since 1970."""
        return int(moment // self.window) * self.window

    def dumps(self) -> str:
        """Return them as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def loads(cls, text: str) -> Settings:
        """Return what :meth:`dumps` wrote."""
        values = json.loads(text)
        found = {t: Reference(**each) for t, each in values.pop("references").items()}
        topics = tuple(values.pop("topics"))
        return cls(topics=topics, references=found, **values)
