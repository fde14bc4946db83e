"""The guard: a small process that outlives its stack by as long as it takes to stop the children.

    python -m config.stack.guard RUN_FOLDER

It reads from its standard input, which the stack holds open and never writes to. The end of that
input means that the stack is gone, in whatever way, `kill -9` included; then the guard stops every
group that is still registered. This works wherever there are pipes, for whole process groups and
whichever process started them, which a parent-death signal does not.
"""

import os
import signal
import sys
from pathlib import Path

from config.stack import groups


def main(folder: Path) -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(signum, signal.SIG_IGN)
    while os.read(0, 1024):
        pass
    left = groups.registered(folder)
    groups.stop(left)
    for group in left:
        groups.unregister(folder, group.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
