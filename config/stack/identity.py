"""As whom a child runs.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`; where `nobody` cannot reach
the folders (a checkout under /root, say) it runs in a user namespace of its own, in which root's
number reads as nobody's. Neither touches the modes of folders that are not the stack's.
"""

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from config.stack.errors import StackError


class PopenOptions(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Identity:
    """Another user, or the same one with a command put before the child's own."""

    uid: int | None = None
    gid: int | None = None
    prefix: Sequence[str] = ()

    def options(self) -> PopenOptions:
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Makes the file or empty folder this identity's."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


OWN = Identity()
NAMESPACE = Identity(prefix=(sys.executable, "-I", str(Path(__file__).with_name("namespace.py"))))


def unprivileged(data: Path, program: Path) -> Identity:
    """An identity other than root that owns the folder `data`, or can when it is not there yet,
    and that reaches the program."""
    if os.geteuid() != 0:
        return OWN
    nobody = pwd.getpwnam("nobody")
    if data.exists():
        # Once made, the folder's owner decides: it cannot be changed under the database.
        return NAMESPACE if data.stat().st_uid == 0 else Identity(nobody.pw_uid, nobody.pw_gid)
    if _open_to_others(data.parent) and _open_to_others(program):
        return Identity(nobody.pw_uid, nobody.pw_gid)
    if _namespace_works():
        return NAMESPACE
    raise StackError(
        f"PostgreSQL does not run as root, and the user `nobody` cannot reach {data}:"
        " use a checkout and a WEIR_DATA below folders that others may pass through."
    )


def _open_to_others(path: Path) -> bool:
    resolved = path.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (resolved, *resolved.parents))


def _namespace_works() -> bool:
    if sys.platform != "linux":
        return False
    tried = subprocess.run(  # noqa: S603  a fixed command
        [*NAMESPACE.prefix, "/bin/true"], capture_output=True, check=False
    )
    return tried.returncode == 0
