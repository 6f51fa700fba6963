"""The live view: a small server on this machine alone, which reads and never writes."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from chapter2.applications.financial_opinion import store
from chapter2.applications.financial_opinion.page import PAGE
from chapter2.applications.financial_opinion.trend import snapshot
from chapter2.errors import DataError, UsageError

HOST = "127.0.0.1"
# nothing but what the page brings, and answers of this server
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'nonce-{}'"
)


class _Handler(BaseHTTPRequestHandler):
    """Answers two addresses: the page, and the state of the store as JSON."""

    path_of_store: Path

    def handle(self) -> None:
        """Answer what the browser asks, unless it goes away meanwhile."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer a request."""
        if not self._is_local():
            self.send_error(403)
        elif self.path == "/":
            nonce = secrets.token_urlsafe(16)
            page = PAGE.replace("NONCE", nonce)
            self._send(page, "text/html; charset=utf-8", POLICY.format(nonce))
        elif self.path == "/state.json":
            self._send_state()
        else:
            self.send_error(404)

    def _send_state(self) -> None:
        try:
            with closing(store.connect(self.path_of_store)) as connection:
                found = snapshot(connection)
        except (DataError, sqlite3.Error):  # it was deleted, replaced or locked
            self.send_error(503, "The store cannot be read")
            return
        self._send(json.dumps(found), "application/json", "default-src 'none'")

    def _is_local(self) -> bool:
        """Whether the browser asked for this machine, not for a name led here."""
        name = self.headers.get("Host", "").rpartition(":")[0]
        return name in (HOST, "localhost")

    def _send(self, text: str, kind: str, policy: str) -> None:
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write no line for each request."""


@contextmanager
def serving(path: Path, port: int = 0) -> Iterator[str]:
    """Serve the live view of a store while the block runs; give its address.

    ``port`` 0: any that is free.

    Raises:
        DataError: there is no store.
        UsageError: the port cannot be had.
    """
    store.connect(path).close()
    handler = type("Handler", (_Handler,), {"path_of_store": path})
    try:
        server = ThreadingHTTPServer((HOST, port), handler)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"Port {port} cannot be had ({error}); name another one, or 0 for any."
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
