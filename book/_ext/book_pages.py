"""What this book changes in Sphinx: six small hooks, each explained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from run_notebooks import cache_folder, missing
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

BUTTONS = ("use_repository_button", "use_issues_button", "use_edit_page_button")


def take_outputs_from_cache(app: Sphinx, config: Config) -> None:
    """Show what nbmake ran, and refuse to execute anything during the build.

    Raises:
        ExtensionError: the outputs of a notebook are not kept.
    """
    root, profile = Path(app.srcdir), os.environ.get("CHAPTER2_SCALE") or "book"
    folder = cache_folder(root, profile)
    # a changed library has another folder, and with it every page is read anew
    config.notebook_state = folder.name
    config.nb_execution_cache_path = str(folder)
    if left := missing(root, folder):
        names = ", ".join(path.name for path in left)
        raise ExtensionError(f"Not executed yet: {names}; run `make book`.")


def set_buttons(app: Sphinx, config: Config) -> None:
    """Derive every button from the one setting, ``repository.url``."""
    options = config.html_theme_options
    known = bool(options.get("repository_url"))
    options.update(dict.fromkeys(BUTTONS, known))
    colab = {"colab_url": "https://colab.research.google.com"} if known else {}
    options["launch_buttons"] = colab


def drop_thebe(app: Sphinx) -> None:
    """Silence an extension that Jupyter Book always loads.

    Its script stands twice on each page, which is an error, and names a foreign host.
    """
    for listeners in app.events.listeners.values():
        listeners[:] = [
            listener
            for listener in listeners
            if not listener.handler.__module__.startswith("sphinx_thebe")
        ]


def anchor_bibliography(app: Sphinx, env: BuildEnvironment) -> None:
    """Let ``bibliography.md#devlin2019`` be a link that MyST checks and resolves."""
    for citation in env.get_domain("cite").citations:  # type: ignore[attr-defined]
        slugs = env.metadata[citation.bibliography_key.docname].setdefault(
            "myst_slugs", {}
        )
        slugs[citation.key] = (0, citation.citation_id, citation.key)


def name_folded_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Say what a folded cell holds: a solution, or the check of one's own."""
    for cell in doctree.findall(nodes.container):
        for kind in ("solution", "check"):
            if f"tag_{kind}" in cell["classes"]:
                cell["prompt_show"] = f"Show the {kind}"
                cell["prompt_hide"] = f"Hide the {kind}"


def mend_names(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: object
) -> None:
    """Let assistive technology hear what is seen.

    Docutils marks a work of the bibliography with a role that is deprecated and may
    not stand in a list; MyST-NB gives each folded cell one name, whatever it holds.
    """
    body = context.get("body", "")
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')
    body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    if body:
        context["body"] = body


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the hooks."""
    app.add_config_value("notebook_state", "", "env")
    app.connect("config-inited", take_outputs_from_cache)
    app.connect("config-inited", set_buttons, priority=400)
    app.connect("builder-inited", drop_thebe, priority=1)
    app.connect("env-updated", anchor_bibliography, priority=900)
    app.connect("doctree-read", name_folded_cells)
    app.connect("html-page-context", mend_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
