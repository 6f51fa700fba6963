"""Where units are drawn and not records, the report says so; else it does not."""

from dataclasses import replace

from chapter2.selection.report import as_text
from chapter2.selection.report.page import as_page, draw
from chapter2.selection.report.record import as_record

SAID = (
    "The 900 development records form 90 independent units and the 225 test records "
    "form 23 independent units, because equal texts and records of one group stay "
    "together: intervals draw units, not records."
)


def repeated(dataset):
    """Return the records with each text ten times."""
    texts = tuple(f"text {i // 10}{'!' * (i % 10)}" for i in range(len(dataset)))
    return replace(dataset, texts=texts)


def test_units_are_told_where_there_are_fewer_than_records(choice):
    prepared = choice.prepared
    development, test = repeated(prepared.development), repeated(prepared.test)
    told = replace(
        choice, prepared=replace(prepared, development=development, test=test)
    )
    assert SAID in " ".join(as_text(told).split())
    page = " ".join(as_page(told, draw(told)).split())
    assert SAID in page
    assert "95 % bootstrap intervals over units of records" in page
    records = as_record(told)["records"]
    assert (records["development_units"], records["test_units"]) == (90, 23)


def test_nothing_is_told_where_each_record_is_its_own(choice):
    assert "independent unit" not in as_text(choice)
    page = " ".join(as_page(choice, draw(choice)).split())
    assert "independent unit" not in page
    assert "95 % bootstrap intervals over the records" in page
    records = as_record(choice)["records"]
    assert records["development_units"] == records["development"]
