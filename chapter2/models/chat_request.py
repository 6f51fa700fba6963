"""One question to an OpenAI-compatible chat endpoint, each failure in one sentence.

Redirections are not followed: they would take text and key to an address that nobody
named.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from chapter2.errors import FetchError, UsageError

PASSING = (408, 409, 429, 500, 502, 503, 504)  # HTTP states worth another try
LONGEST_WAIT = 30.0  # seconds between two tries, whatever the server asks for
REPLY_LIMIT = 1_000_000  # bytes read of a reply; a label needs a few


@dataclass(frozen=True)
class EndpointConfig:
    """Where the model is, and how it is asked."""

    url: str  # up to and without /chat/completions
    model: str  # its name there
    key_variable: str = "OPENAI_API_KEY"  # environment variable; unset: no key is sent
    timeout: float = 30.0  # seconds for one try
    tries: int = 4  # at most, the first included
    concurrency: int = 4  # requests under way at a time
    price_in: float | None = None  # per million tokens read; None: cost is not known
    price_out: float | None = None  # per million tokens written
    max_tokens: int = 16  # of an answer; a label is short
    characters: int = 4000  # sent of each text; bounds the cost

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(
                f"The endpoint's address is {self.url!r}; it must begin with http:// "
                "or https://."
            )
        parts = urlsplit(self.url)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise UsageError(
                "The endpoint's address must hold no user, key, ? or #, for it is "
                "written to files; put the key into the environment variable "
                f"{self.key_variable}."
            )
        least = min(self.tries, self.concurrency, self.max_tokens, self.characters)
        if least < 1 or self.timeout <= 0:
            raise UsageError(
                "tries, concurrency, max_tokens, characters and timeout of an endpoint "
                "must be 1 or more."
            )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Return nothing: the state of the redirection becomes an HTTPError."""


OPENER = urllib.request.build_opener(_NoRedirect)


class Passing(Exception):  # noqa: N818
    """A failure that another try may not have."""

    def __init__(self, message: str, asked: float | None = None) -> None:
        super().__init__(message)
        self.asked = asked  # seconds, by the header Retry-After

    def wait(self, attempt: int) -> float:
        """Return seconds until the next try: 1, 2, 4 ..., or what the server asked."""
        return min(LONGEST_WAIT, 2.0**attempt if self.asked is None else self.asked)


def post(config: EndpointConfig, body: dict[str, Any]) -> dict[str, Any]:
    """Send one request; return the reply.

    Raises:
        Passing: another try may help.
        FetchError: the endpoint refuses, or its answer is no JSON.
    """
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(config.key_variable):
        headers["Authorization"] = f"Bearer {key}"
    address = f"{config.url.rstrip('/')}/chat/completions"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    try:
        with OPENER.open(request, timeout=config.timeout) as answer:
            found = json.loads(answer.read(REPLY_LIMIT))
    except urllib.error.HTTPError as error:
        raise _refusal(config, error) from error
    except (OSError, HTTPException) as error:  # no route, closed, cut off, too slow
        reason = getattr(error, "reason", error)
        raise Passing(f"cannot be reached ({reason})") from error
    except ValueError as error:
        raise FetchError(
            f"{config.url} answered something that is no JSON; give the address of an "
            "OpenAI-compatible endpoint."
        ) from error
    if not isinstance(found, dict):
        raise FetchError(
            f"{config.url} answered no JSON object; give the address of an "
            "OpenAI-compatible endpoint."
        )
    return found


def _refusal(config: EndpointConfig, error: urllib.error.HTTPError) -> Exception:
    """Return what an HTTP state means: worth another try, or not."""
    if error.code in PASSING:
        asked = error.headers.get("Retry-After", "")
        seconds = float(asked) if asked.isdigit() else None
        return Passing(f"answered with HTTP {error.code}", seconds)
    if error.code in (401, 403):
        hint = f"put a valid key into the environment variable {config.key_variable}"
    elif error.code == 404:
        hint = f"check the address and the model's name, {config.model!r}"
    else:
        hint = "check the model's name and what it accepts"
    return FetchError(f"{config.url} refused with HTTP {error.code}; {hint}.")
