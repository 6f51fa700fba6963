"""The errors that a user can mend: one sentence each, never a traceback in the CLI."""


class Chapter2Error(Exception):
    """Something the user can mend; the message says what, where and how.

    The command line prints the message alone and exits with :attr:`exit_code`.
    """

    exit_code = 1


class UsageError(Chapter2Error):
    """An option or argument has no meaning here (exit code 2, as for any CLI)."""

    exit_code = 2


class DataError(Chapter2Error):
    """The texts or labels cannot be used as they are (exit code 3)."""

    exit_code = 3


class FetchError(Chapter2Error):
    """A package, Hub repository or cache entry could not be had (exit code 4)."""

    exit_code = 4


class TrainingError(Chapter2Error):
    """Training stopped; the last good state is kept (exit code 5)."""

    exit_code = 5


class InterruptedTraining(TrainingError):  # noqa: N818
    """Training was asked to stop, and did so after a whole step (exit code 130)."""

    exit_code = 130  # what a shell reports after Ctrl-C


class ModelError(Chapter2Error):
    """A model folder or name cannot be loaded or does not fit (exit code 6)."""

    exit_code = 6
