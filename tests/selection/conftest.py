import sys
from pathlib import Path

import pytest

from chapter2 import data

# the fake candidates are imported here and, by the same name, in child processes
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def snippets():
    """Three hundred rated sentences from film reviews."""
    return data.load("movie-snippets").take(300, seed=0)
