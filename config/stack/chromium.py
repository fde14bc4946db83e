"""A Chromium for the browser tests: the machine's, else one that can be installed here.

    python -m config.stack.chromium

says where it is.
"""

import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

from config.stack import tools
from config.stack.children import Launch, run
from config.stack.errors import StackError
from config.stack.paths import TOOLS

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NPM_PACKAGE = "@sparticuz/chromium@153.0.0"
UNPACKED = TOOLS / "chromium"


def find() -> Path | None:
    """WEIR_CHROMIUM, the machine's own, Playwright's, or one that was installed before."""
    if given := os.environ.get("WEIR_CHROMIUM"):
        if not os.access(given, os.X_OK):
            raise StackError(f"WEIR_CHROMIUM names {given}, which is no program: correct it.")
        return Path(given)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    browsers = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright"
    for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/*/MacOS/*"):
        for path in sorted(Path(browsers).glob(pattern), reverse=True):
            return path
    own = UNPACKED / "chromium"
    return own if own.exists() else None


def find_or_install() -> Path:
    """As `find`; when there is none, the first way to install one that works here."""
    if found := find():
        return found
    tried = []
    for name in ways(root=os.geteuid() == 0, has_apt=bool(shutil.which("apt-get"))):
        try:
            WAYS[name]()
        except StackError as error:
            tried.append(f"{name}: {str(error).splitlines()[-1].strip()}")
        else:
            if found := find():
                return found
            tried.append(f"{name}: it left no program behind")
    raise StackError(
        f"There is no Chromium here and none could be installed ({'; '.join(tried)}): install one,"
        " or name it in WEIR_CHROMIUM."
    )


def ways(*, root: bool, has_apt: bool, system: str = sys.platform) -> list[str]:
    """The ways to install one that may work here, the best first."""
    linux = system == "linux"
    return [
        # The distribution's: it brings its libraries, and is kept up to date with the machine.
        *(["apt"] if linux and root and has_apt else []),
        *(["npm"] if linux else []),
        # The last one: without its download server it fails only after several long waits.
        "playwright",
    ]


def _by_apt() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get update", Launch(["apt-get", "update", "-q"], environment))
    argv = ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"]
    run("apt-get install chromium", Launch(argv, environment), timeout=900)


def _by_playwright() -> None:
    argv = [sys.executable, "-m", "playwright", "install", "chromium"]
    run("playwright install chromium", Launch(argv, os.environ), timeout=900)


def _by_npm() -> None:
    """The package carries the program and its graphics libraries, packed by Brotli, which Node
    unpacks and the standard library of Python does not."""
    node = tools.find_or_install(tools.NODE)
    work = TOOLS / "chromium.new"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        argv = [*tools.npm(node), "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        argv += ["--prefix", str(work), NPM_PACKAGE]
        run("npm install", Launch(argv, tools.node_environment(node), work), timeout=tools.PATIENCE)
        packed = work / "node_modules" / "@sparticuz" / "chromium" / "bin"
        out = work / "out"
        out.mkdir()
        _unpack(node, packed / "chromium.br", out / "chromium")
        (out / "chromium").chmod(0o755)
        _unpack(node, packed / "swiftshader.tar.br", work / "swiftshader.tar")
        with tarfile.open(work / "swiftshader.tar") as archive:
            # Older 3.11 have no such filter; the package is pinned.
            archive.extraction_filter = getattr(tarfile, "data_filter", archive.extraction_filter)
            archive.extractall(out)  # noqa: S202  filtered by the line above
        # Without the machine's libraries that it needs, it is better not to have it.
        run("chromium --version", Launch([str(out / "chromium"), "--version"], os.environ, out))
        shutil.rmtree(UNPACKED, ignore_errors=True)
        out.rename(UNPACKED)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _unpack(node: Path, packed: Path, out: Path) -> None:
    script = (
        "const [from, to] = process.argv.slice(1), fs = require('fs');"
        "fs.writeFileSync(to, require('zlib').brotliDecompressSync(fs.readFileSync(from)))"
    )
    run("node", Launch([str(node), "-e", script, str(packed), str(out)], os.environ, out.parent))


WAYS: dict[str, Callable[[], None]] = {
    "apt": _by_apt,
    "npm": _by_npm,
    "playwright": _by_playwright,
}


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find_or_install()}\n")
    except StackError as error:
        sys.exit(f"Weir: {error}")
