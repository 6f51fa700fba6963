"""One machine of a shared race, as a process: ``sharing.py lead|join PLACE FOLDER``.

It says what the race says, and at the end the scores of all trials.
"""

import json
import math
import os
import sys
from pathlib import Path

import fake_candidates
from test_race import race_of, scores

from chapter2.selection import race as race_module
from chapter2.selection import study as study_module
from chapter2.selection.budget import Budget
from chapter2.selection.join import find
from chapter2.selection.shared_race import SharedRace, shared, study_name
from chapter2.selection.worker import read_records

NAMES = ("majority", "tfidf", "brisk")
FAST = {"POLL": 0.1, "SIGN": 0.2, "GONE": 3.0}  # seconds


def alone(records, folder, names=NAMES):
    """Return the race of one process; one nursery serves all of its candidates."""
    race = race_of(records, names, folder, jobs=1)
    race.light = frozenset(names)
    return race


def machine(records, role, place, folder, names=NAMES):
    """Return the race of a leader, or of a joiner that waits for one."""
    race = alone(records, folder, names)
    race.say = lambda line: print(line, flush=True)
    if role == "lead":
        return shared(race, place, "accuracy")
    race.budget = Budget(math.inf)
    found, _ = find(place, study_name(race, "accuracy"), race.say)
    return SharedRace(**vars(race), study=found)


if __name__ == "__main__":
    race_module.LIGHT = race_module.HEAVY = (*race_module.LIGHT, "fake_candidates")
    fake_candidates.CANDIDATES.update(fake_candidates.BY_NAME)
    for name, seconds in FAST.items():
        setattr(study_module, name, seconds)
    role, place, folder, *names = sys.argv[1:]
    records = read_records(Path(os.environ["RECORDS"]))
    with machine(records, role, place, Path(folder), names) as race:
        found = scores(race.run(), race)
    print("RESULT", json.dumps(found))
