"""The candidates of a choice: what is known about them, and how they are fitted."""

from chapter2.selection.candidates.base import Candidate, Entry
from chapter2.selection.candidates.knowledge import CANDIDATES, candidate, eligible

__all__ = ["CANDIDATES", "Candidate", "Entry", "candidate", "eligible"]
