"""Write the book's address where it is needed: the configuration and each notebook.

``make repository URL=https://github.com/OWNER/REPO`` calls this; an empty URL unsets
it. Colab opens notebooks of GitHub only, so no other host is taken.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
SETTING = re.compile(r'(?m)^(  url: )"[^"]*"')
INSTALL = re.compile(r'(REPOSITORY = )\\"[^"\\]*\\"')  # as it stands in the JSON


def checked(url: str) -> str:
    """Return the address without a trailing slash or ``.git``.

    Raises:
        SystemExit: it is not the address of a repository on GitHub.
    """
    url = url.strip().rstrip("/").removesuffix(".git")
    if url and not ADDRESS.fullmatch(url):
        raise SystemExit(f"{url!r} is not of the form https://github.com/OWNER/REPO.")
    return url


def write(path: Path, pattern: re.Pattern[str], text: str) -> None:
    """Replace the one place in ``path`` that the pattern finds.

    Raises:
        SystemExit: the place is not there, or is there more than once.
    """
    content, count = pattern.subn(text, path.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit(f"{path}: expected one {pattern.pattern}, found {count}.")
    path.write_text(content, encoding="utf-8")


def set_address(root: Path, url: str) -> None:
    """Write the address into ``_config.yml`` and every notebook below ``root``."""
    url = checked(url)
    write(root / "_config.yml", SETTING, rf'\g<1>"{url}"')
    for notebook in sorted(root.glob("notebooks/*.ipynb")):
        write(notebook, INSTALL, rf'\g<1>\\"{url}\\"')


if __name__ == "__main__":
    set_address(ROOT, sys.argv[1] if len(sys.argv) > 1 else "")
