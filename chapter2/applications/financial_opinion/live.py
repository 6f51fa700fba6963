"""The live view: a small server on this machine alone, which reads and never writes."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chapter2.applications.financial_opinion import store
from chapter2.applications.financial_opinion.page import PAGE
from chapter2.applications.financial_opinion.trend import snapshot
from chapter2.deployment import web
from chapter2.errors import DataError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
# nothing but what the page brings, and answers of this server
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'nonce-{}'"
)


def application(path: Path) -> Starlette:
    """Return the application: the page, and the state of the store as JSON.

    Raises:
        FetchError: a package that serves is not installed.
    """
    web.check_packages()
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    def page(request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        told = _headers(POLICY.format(nonce))
        return HTMLResponse(PAGE.replace("NONCE", nonce), headers=told)

    def state(request: Request) -> Response:
        told = _headers("default-src 'none'")
        try:
            with closing(store.connect(path)) as connection:
                found = snapshot(connection)
        except (DataError, sqlite3.Error):  # it was deleted, replaced or locked
            return JSONResponse({"error": "The store cannot be read."}, 503, told)
        return JSONResponse(found, headers=told)

    return Starlette(routes=[Route("/", page), Route("/state.json", state)])


def _headers(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


@contextmanager
def serving(path: Path, port: int = 0) -> Iterator[str]:
    """Serve the live view of a store while the block runs; give its address.

    ``port`` 0: any that is free.

    Raises:
        DataError: there is no store.
        FetchError: a package that serves is not installed.
        UsageError: the port cannot be had.
    """
    store.connect(path).close()
    with web.serving(application(path), HOST, port) as address:
        yield f"{address}/"
