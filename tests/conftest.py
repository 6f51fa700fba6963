"""Hypothesis for every room: nothing timed, the same examples on each run."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "chapter2",
    deadline=None,  # a busy machine is no fault of the code
    derandomize=True,  # a failure here is a failure everywhere
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("chapter2")
