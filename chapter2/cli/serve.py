"""``chapter2 serve``: a model behind HTTP, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated

import typer

from chapter2.cli.console import Console
from chapter2.cli.options import Model, Quiet
from chapter2.cli.sources import load_model

Host = Annotated[
    str, typer.Option(help="Address to listen at; 0.0.0.0: all of this machine.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")]


def serve(
    model: Model,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    quiet: Quiet = False,
) -> None:
    """Answer texts over HTTP with their labels, until Ctrl-C or SIGTERM.

    POST /predict takes {"texts": ["a text", ...]} and answers with label and
    probabilities of each; GET /health names the labels. No network is asked.
    """
    from chapter2.deployment.web import HERE, check_packages, serving

    check_packages()  # before a model is loaded, which takes seconds
    from chapter2.deployment.service import application

    console = Console(quiet=quiet)
    app = application(load_model(model))
    if host not in HERE:
        console.notice("Whoever reaches this machine can ask the model.")
    # as Ctrl-C, but no failure: that is how a service is stopped
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with serving(app, host, port) as address:
        print(address, flush=True)
        console.notice("It answers POST /predict and GET /health; Ctrl-C ends it.")
        threading.Event().wait()
