"""Jars: resolved once from Maven Central by `jgo`, then kept beside the checkout."""

import fcntl
import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from config.stack.children import Launch, run
from config.stack.errors import KafkaUnavailable, StackError
from config.stack.paths import JARS

# 4.3.1 and not newer: Connect's own plugins and MirrorMaker end there.
VERSION = "4.3.1"
COORDINATES = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36")
FOLDER = JARS / f"kafka-{VERSION}"
# A cold resolve takes half a minute on a good line.
PATIENCE = 900


def resolved() -> bool:
    return FOLDER.is_dir()


def class_path() -> str:
    """The class path of the broker and its tools, resolved first when it is not there yet."""
    return resolve(FOLDER, COORDINATES)


def resolve(target: Path, coordinates: tuple[str, ...]) -> str:
    """The class path of these jars in that folder of `JARS`, which is made first when it is not
    there yet."""
    if not target.is_dir():
        JARS.mkdir(parents=True, exist_ok=True)
        with (JARS / "lock").open("w") as lock:
            # The tests and a stack may want them at the same moment.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.is_dir():
                _resolve(target, coordinates)
    return str(target / "*")


def _resolve(target: Path, coordinates: tuple[str, ...]) -> None:
    if find_spec("jgo") is None:
        raise KafkaUnavailable(_unavailable("the package jgo is not installed"))
    with tempfile.TemporaryDirectory(dir=JARS, prefix="resolving-") as folder:
        work = Path(folder)
        fresh = work / target.name
        fresh.mkdir()
        for jar in _download(work, coordinates):
            shutil.copyfile(jar, fresh / jar.name)
        fresh.rename(target)


def _download(work: Path, coordinates: tuple[str, ...]) -> list[Path]:
    argv = [sys.executable, "-m", "jgo", "--ignore-config", "--resolver", "python"]
    argv += ["--cache-dir", str(work / "cache"), "--repo-cache", str(work / "repository")]
    argv += ["info", "jars", "+".join(coordinates)]
    try:
        said = run("Resolving jars", Launch(argv, os.environ, work), timeout=PATIENCE)
    except StackError as error:
        last = str(error).splitlines()[-1]
        raise KafkaUnavailable(_unavailable(last)) from error
    jars = [Path(line.strip()) for line in said.splitlines() if line.strip().endswith(".jar")]
    if not jars:
        raise KafkaUnavailable(_unavailable("jgo named none"))
    return jars


def _unavailable(reason: str) -> str:
    return (
        f"Kafka's jars cannot be had ({reason}): let this machine reach Maven Central once,"
        " or set WEIR_KAFKA_BOOTSTRAP to a Kafka that you run."
    )
