"""AutoGluon's tabular predictor on one split, within a time limit; for ``choose.py``.

``PYTHON peer_autogluon.py ORDER``, with the Python of an environment of its own (see
README.md): it needs no chapter2. ORDER is a JSON file: training texts and labels, test
texts, the seconds, and where the predictions go.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

BEGAN = time.monotonic()


def main() -> None:
    """Fit with the predictor's own text features; predict."""
    import pandas as pd
    from autogluon.tabular import TabularPredictor

    order = json.loads(Path(sys.argv[1]).read_text())
    train = pd.DataFrame({"text": order["texts"], "label": order["labels"]})
    left = order["seconds"] - (time.monotonic() - BEGAN)
    with tempfile.TemporaryDirectory() as place:
        predictor = TabularPredictor("label", eval_metric="f1_macro", path=place)
        predictor.fit(train, time_limit=left, presets="medium_quality", verbosity=1)
        found = predictor.predict(pd.DataFrame({"text": order["asked"]})).tolist()
    told = {"predicted": found, "seconds": time.monotonic() - BEGAN}
    Path(order["out"]).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
