"""Financial opinion: texts in as they come, trends by topic and alarms out."""

from chapter2.applications.financial_opinion.detector import Reference, references
from chapter2.applications.financial_opinion.monitor import Monitor, Scorer
from chapter2.applications.financial_opinion.settings import Settings
from chapter2.applications.financial_opinion.trend import Window, alarms, trend

__all__ = [
    "Monitor",
    "Reference",
    "Scorer",
    "Settings",
    "Window",
    "alarms",
    "references",
    "trend",
]
