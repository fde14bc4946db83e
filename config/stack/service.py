"""What a part of the stack is: it is prepared once, launched, and asked whether it serves."""

import time
from typing import Protocol

from config.stack.children import Child, Launch, died, spawn, stop
from config.stack.errors import StackError
from config.stack.paths import Folders


class Service(Protocol):
    """One small frozen dataclass implements this for each part."""

    @property
    def name(self) -> str:
        """As in logs/NAME.log."""

    @property
    def patience(self) -> float:
        """Seconds after which a start that does not serve has failed."""

    def prepare(self) -> None:
        """Makes what the part needs before it is launched. Quick when that is already there;
        leaves nothing half-made behind when it fails."""

    def launch(self) -> Launch: ...

    def ready(self) -> bool:
        """Whether it serves now: one try, about a second at most."""


def start(service: Service, folders: Folders) -> Child:
    """Prepares, launches and waits until it serves; leaves no child behind when it fails."""
    service.prepare()
    child = spawn(service.name, service.launch(), folders)
    try:
        wait_until_ready(service, child)
    except BaseException:
        stop([child])
        raise
    return child


def wait_until_ready(service: Service, child: Child) -> None:
    """Returns when it serves; raises when it ended before, or did not serve in time."""
    deadline = time.monotonic() + service.patience
    while not service.ready():
        if not child.alive():
            raise StackError(died(child))
        if time.monotonic() > deadline:
            raise StackError(
                f"{service.name} did not serve within {service.patience:.0f} s:"
                f" look into {child.log}."
            )
        time.sleep(0.05)
