"""What a cluster refuses, as a problem beside the value that it is about; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from governance.errors import Problem
from topics.errors import ClusterError, Fault

WORD: Final = re.compile(r"[a-z][a-z0-9_.]*[a-z0-9]")
# By error code of the Kafka protocol: the value that it is about, and what can be done.
ABOUT: Final[Mapping[int, tuple[str, str]]] = {
    17: ("name", "Choose another name."),
    38: ("replication_factor", "Ask for as many replicas as the cluster can place."),
    40: ("configs", "Change that value or leave it away, then ask for review again."),
    44: ("", "Ask within that policy; those who run the cluster can say what it allows."),
}
DENIED: Final = (
    "The platform team gives Weir's principal this right on the cluster; then ask for review again."
)


def problem_of(error: ClusterError, keys: Collection[str], *, position: int) -> Problem:
    """The refusal of one topic whose asked-for configs are `keys`."""
    path, way_out = ABOUT.get(error.wire_code, ("", "Change it, then ask for review again."))
    if error.fault is Fault.DENIED:
        way_out = DENIED
    if path == "configs":
        path = _key_path(error.message, keys)
    return Problem(path, error.message, way_out, position=position, rule="refused by the cluster")


def _key_path(message: str, keys: Collection[str]) -> str:
    """The config that the broker's words name, if it is one that was asked for."""
    named = [word for word in WORD.findall(message) if word in keys]
    return f"configs.{named[0]}" if named else ""
