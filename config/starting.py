"""A server's worker that is told to stop before it serves."""

import os
import signal
import threading


def stop_at_once() -> None:
    """Until the server listens to signals in this process, one that asks to stop ends it.

    granian's worker is a copy of its main process, and has its handlers: they take the signal and
    leave a mark that nobody in the copy looks at. So a stop during the seconds in which the
    application is loaded was waited for as long as a page that hangs. Once it is loaded, granian
    puts its own handlers in the place of these.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for signum in (signal.SIGTERM, signal.SIGINT):
        owner = getattr(signal.getsignal(signum), "__self__", None)
        if type(owner).__module__.startswith("granian."):
            signal.signal(signum, lambda *_: os._exit(0))
