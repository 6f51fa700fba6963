"""Starting children that tests interrupt or kill."""

import os
import signal
import time

# a shell that starts us in the background has SIGINT ignored, and children inherit it
CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
COMMAND_LINE = CTRL_C + "from chapter2.cli import main; main()"


def forked(work, after=None):
    """Fork a child that calls ``work``; return whether it came to its end.

    It is killed ``after`` so many seconds; None: it is left alone.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0, "the run failed by itself"
    return os.WIFEXITED(status)
