"""A shipped model behind HTTP: texts in, their labels and probabilities out.

``POST /predict`` takes ``{"texts": ["a text", ...]}`` and answers
``{"predictions": [{"label": ..., "probability": ..., "probabilities": {...}}, ...]}``,
one for each text in their order; the label of an empty text is null. ``GET /health``
names the labels. Whatever is refused is answered by ``{"error": "one sentence"}``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chapter2.deployment.predictor import Predictor, labelled
from chapter2.deployment.web import check_packages
from chapter2.errors import Chapter2Error

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

TEXTS = 1000  # of one request: others wait meanwhile
CHARACTERS = 100_000  # of one text: a model reads a few hundred words of it
BYTES = 8_000_000  # of one request
WANTED = 'send {"texts": ["a text", "another"]}'


class BadRequest(Exception):  # noqa: N818
    """What was sent cannot be answered; ``state`` is that of HTTP."""

    def __init__(self, state: int, sentence: str) -> None:
        super().__init__(sentence)
        self.state = state


def application(predictor: Predictor) -> Starlette:
    """Return the application that answers with what ``predictor`` says.

    One request computes at a time, for tokenizers are not safe in several threads.

    Raises:
        FetchError: a package that serves is not installed.
    """
    check_packages()
    from anyio import CapacityLimiter, to_thread
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    alone = CapacityLimiter(1)

    async def predict(request: Request) -> JSONResponse:
        texts = texts_in(await _content(request))
        rows = await to_thread.run_sync(
            labelled, predictor, texts, limiter=alone, abandon_on_cancel=True
        )
        return JSONResponse({"predictions": [_without_text(row) for row in rows]})

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "labels": list(predictor.label_names)})

    return Starlette(
        routes=[
            Route("/predict", predict, methods=["POST"]),
            Route("/health", health, methods=["GET"]),
        ],
        exception_handlers=_handlers(),
    )


def _handlers() -> dict[Any, Any]:
    """Return how each failure is answered."""
    from starlette.requests import ClientDisconnect
    from starlette.responses import JSONResponse

    async def gone(request: Request, error: ClientDisconnect) -> JSONResponse:
        return JSONResponse({"error": "The body is not whole."}, 400)  # none reads it

    async def refused(request: Request, error: BadRequest) -> JSONResponse:
        return JSONResponse({"error": str(error)}, error.state)

    async def failed(request: Request, error: Chapter2Error) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 502)  # a service that it asks

    async def unknown(request: Request, error: Any) -> JSONResponse:
        told = f"{error.detail}: there are POST /predict and GET /health."
        return JSONResponse({"error": told}, error.status_code)

    return {
        BadRequest: refused,
        ClientDisconnect: gone,
        Chapter2Error: failed,
        404: unknown,
        405: unknown,
    }


def _without_text(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "text"}


async def _content(request: Request) -> bytes:
    """Return the body, of which no more is read than is allowed.

    Another type of content is refused: a page of the web may send plain text to any
    address, but asks first whether it may send JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BadRequest(
            415,
            "The body must be JSON; send the header Content-Type: application/json.",
        )
    content = bytearray()
    async for some in request.stream():
        content += some
        if len(content) > BYTES:
            raise BadRequest(
                413, f"The body is too large; send at most {BYTES:,} bytes at a time."
            )
    return bytes(content)


def texts_in(content: bytes) -> list[str]:
    """Return the texts that the body of a request holds.

    Raises:
        BadRequest: it is no JSON, holds no texts, too many, or too long ones.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:  # RecursionError: thousands of [
        raise BadRequest(400, f"The body is not JSON ({error}); {WANTED}.") from None
    texts = found.get("texts") if isinstance(found, dict) else None
    if not isinstance(texts, list) or not texts:
        raise BadRequest(422, f"The body holds no list of texts; {WANTED}.")
    if len(texts) > TEXTS:
        raise BadRequest(
            413, f"{len(texts):,} texts are too many; send at most {TEXTS:,} at a time."
        )
    for place, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise BadRequest(
                422, f"Text {place} is {_kind(text)}, no string; {WANTED}."
            )
        if len(text) > CHARACTERS:
            raise BadRequest(
                413,
                f"Text {place} has {len(text):,} characters; send at most "
                f"{CHARACTERS:,} of each.",
            )
    return texts


def _kind(value: object) -> str:
    """Return what JSON calls the kind of a value."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else "a number"
