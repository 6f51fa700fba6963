"""An application of Starlette behind uvicorn, for as long as a block runs."""

from __future__ import annotations

import importlib.util
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chapter2.errors import FetchError, UsageError

if TYPE_CHECKING:
    from starlette.applications import Starlette

PACKAGES = ("starlette", "uvicorn")
HERE = ("127.0.0.1", "localhost", "::1")  # this machine alone
AT_ONCE = 64  # connections; a further one is told to come again (503)
LAST_WORDS = 5  # seconds for answers that are under way when the server is stopped
TICK = 0.01  # seconds between two looks whether it has started


def check_packages() -> None:
    """Refuse to go on without what serves.

    Raises:
        FetchError: a package is not installed.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        names = " ".join(missing)
        raise FetchError(
            f"Serving needs {' and '.join(missing)}, not installed here: run `pip "
            f"install {names}`."
        )


@contextmanager
def serving(app: Starlette, host: str, port: int) -> Iterator[str]:
    """Serve ``app`` while the block runs; give its address.

    ``port`` 0: any that is free. What is being answered at the end of the block has
    ``LAST_WORDS`` seconds.

    Raises:
        FetchError: a package is not installed.
        UsageError: host and port cannot be had.
    """
    check_packages()
    import uvicorn
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    door = _door(host, port)
    # a page of the web whose name is led to this machine is not asked for from here
    asked = TrustedHostMiddleware(app, [*HERE, "[::1]"]) if host in HERE else app
    config = uvicorn.Config(
        asked,
        lifespan="off",
        log_config=None,  # the program's own logging is left alone
        access_log=False,
        limit_concurrency=AT_ONCE,
        timeout_graceful_shutdown=LAST_WORDS,
    )
    server = uvicorn.Server(config)
    # beside the main thread it takes no signals: Ctrl-C ends the block
    thread = threading.Thread(target=server.run, args=([door],), daemon=True)
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            thread.join(TICK)
        named = f"[{host}]" if ":" in host else host
        yield f"http://{named}:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        door.close()


def _door(host: str, port: int) -> socket.socket:
    """Return a socket that listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"Port {port} of {host} cannot be had ({error}); name another one, or 0 "
            "for any that is free."
        ) from error
