"""A cell that shows a widget must not stop the run; the conftest of executed pages.

While nbclient waits for the end of a cell, it sends what a widget of kind Output asks
for through the same socket. The two may meet so that the reply's arrival is not noticed
(https://github.com/jupyter/nbclient/issues/312): the run then waits for its whole time
limit, although the reply is there. It is found as soon as it is asked for, so ask again
each second.
"""

from __future__ import annotations

import math
from queue import Empty
from time import monotonic
from typing import Any

from jupyter_client.channels import AsyncZMQSocketChannel

TURN = 1.0  # seconds
wait_once = AsyncZMQSocketChannel.get_msg


async def get_msg(
    channel: AsyncZMQSocketChannel, timeout: float | None = None
) -> dict[str, Any]:
    """Return the next message, asking each second anew.

    Raises:
        Empty: none came within ``timeout`` seconds.
    """
    until = math.inf if timeout is None else monotonic() + timeout
    while True:
        left = until - monotonic()
        try:
            return await wait_once(channel, min(TURN, max(0.0, left)))
        except Empty:
            if left <= TURN:
                raise


AsyncZMQSocketChannel.get_msg = get_msg  # type: ignore[method-assign]
