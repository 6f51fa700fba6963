"""Execute each notebook once, and keep what it showed for the book.

``python book/_ext/run_notebooks.py --profile book`` runs with nbmake those notebooks
whose outputs are not kept yet, and puts the outputs where the build finds them.
What is kept belongs to one state of the library: see :func:`state`.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract

ROOT = Path(__file__).resolve().parents[2]
LIMITS = {"smoke": 300, "book": 1500, "full": 4 * 3600}  # seconds, one cell
# at a time, each in one thread. What the other profiles print of time and memory is to
# be that of a machine which does nothing else
AT_ONCE = {"smoke": 2}


def state(root: Path, profile: str) -> str:
    """Name what the outputs depend on besides the notebook itself.

    That is the scale profile, the library (its source, the results and the data stored
    in it), the pinned versions and Python's.
    """
    digest = sha256(platform.python_version().encode())
    files = [path for path in sorted(root.glob("chapter2/**/*")) if path.is_file()]
    # compiled files follow from the source; a journal is no result yet
    library = [path for path in files if path.suffix not in (".pyc", ".jsonl")]
    for path in [*library, root / "constraints.txt"]:
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return f"{profile}-{digest.hexdigest()[:16]}"


def cache_folder(root: Path, profile: str) -> Path:
    """Return the folder that keeps the outputs of this state of the library."""
    return root / ".jupyter_cache" / state(root, profile)


def is_kept(cache: JupyterCacheAbstract, path: Path) -> bool:
    """Say whether the outputs of the notebook's present code cells are kept."""
    try:
        cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return False
    return True


def missing(root: Path, folder: Path) -> list[Path]:
    """Return the notebooks whose outputs ``folder`` does not keep."""
    cache = get_cache(folder)
    notebooks = sorted(root.glob("notebooks/*.ipynb"))
    return [path for path in notebooks if not is_kept(cache, path)]


def environment(profile: str) -> dict[str, str]:
    """Return the variables under which a notebook runs."""
    offline = {} if profile == "full" else {"HF_HUB_OFFLINE": "1"}
    # a page has no use for a progress bar, and a bar's standard error fails the build
    quiet = {"TQDM_DISABLE": "1", "JUPYTER_PLATFORM_DIRS": "1"}
    single = {"OMP_NUM_THREADS": "1"} if profile in AT_ONCE else {}
    return {**os.environ, **offline, **quiet, **single, "CHAPTER2_SCALE": profile}


def execute(root: Path, profile: str, notebooks: list[Path]) -> list[Path]:
    """Run copies of the notebooks, beside ``notebooks/``; return the copies.

    Raises:
        SystemExit: a cell failed or took too long; nbmake has printed which.
    """
    folder = root / f".executed-{profile}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(Path(__file__).with_name("ask_again.py"), folder / "conftest.py")
    copies = [Path(shutil.copy(path, folder)) for path in notebooks]
    limit = LIMITS[profile]
    options = ["--nbmake", "--overwrite", f"--nbmake-timeout={limit}"]
    # a cell that takes too long is named; pytest's own limit would hide which
    options += [f"--timeout={2 * limit}", "-p", "no:cacheprovider", "--durations=0"]
    options += ["-n", str(AT_ONCE.get(profile, 0))]
    command = [sys.executable, "-m", "pytest", *options, *map(str, copies)]
    outcome = subprocess.run(command, cwd=root, env=environment(profile), check=False)
    if outcome.returncode:
        raise SystemExit(f"A notebook failed at profile {profile}; see above.")
    return copies


def seconds(notebook: nbformat.NotebookNode) -> float:
    """Return the time from the first cell's start to the last cell's reply."""
    times = [
        datetime.fromisoformat(moment.replace("Z", "+00:00"))
        for cell in notebook.cells
        for moment in cell.metadata.get("execution", {}).values()
    ]
    return (max(times) - min(times)).total_seconds() if times else 0.0


def keep(folder: Path, copy: Path) -> float:
    """Put an executed copy into the cache; return the seconds that its run took."""
    notebook = nbformat.read(copy, as_version=4)
    taken = seconds(notebook)
    for cell in notebook.cells:  # the recorded times would change the cache's key
        cell.metadata.pop("execution", None)
    name, data = f"notebooks/{copy.name}", {"execution_seconds": taken}
    get_cache(folder).cache_notebook_bundle(
        CacheBundleIn(notebook, name, data=data), check_validity=False, overwrite=True
    )
    return taken


def main() -> None:
    """Execute what is missing, then check that nothing is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=LIMITS, default="book")
    profile = parser.parse_args().profile
    folder = cache_folder(ROOT, profile)  # named before the run: the library may change
    todo = missing(ROOT, folder)
    for copy in execute(ROOT, profile, todo) if todo else []:
        print(f"{copy.name}: {keep(folder, copy):.0f} s at profile {profile}")
    if left := missing(ROOT, folder):
        names = ", ".join(path.name for path in left)
        raise SystemExit(f"Executed, yet not found in the cache: {names}.")
    if not todo:
        print(f"The outputs of every notebook are kept already (profile {profile}).")


if __name__ == "__main__":
    main()
