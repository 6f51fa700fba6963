"""A nursery that imports this holds 5 MB more after each fork."""

import os

HELD = []
os.register_at_fork(after_in_parent=lambda: HELD.append(b"\1" * 5_000_000))
