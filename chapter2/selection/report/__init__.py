"""What the user sees of a choice: terminal, ``report.html``, ``report.json``, card."""

from chapter2.selection.report.record import as_record
from chapter2.selection.report.summary import as_text
from chapter2.selection.report.write import write_report

__all__ = ["as_record", "as_text", "write_report"]
