"""Writes a folder's package-lock.json anew from its package.json, without any address:

python -m config.stack.npm_lock FOLDER
"""

import json
import sys
from pathlib import Path

from config.stack import tools
from config.stack.children import Launch, run
from config.stack.errors import StackError

# What npm copies from the packages for people to read; addresses are in all of them.
PROSE = ("funding", "deprecated", "license", "licenses")


def write(folder: Path) -> None:
    """Resolves the packages; says nothing of where they came from, so that any registry will do."""
    node = tools.find_or_install(tools.NODE)
    argv = [*tools.npm(node), "install", "--package-lock-only", "--omit-lockfile-registry-resolved"]
    argv += ["--ignore-scripts", "--no-audit", "--no-fund"]
    run("npm install", Launch(argv, tools.node_environment(node), folder), timeout=tools.PATIENCE)
    path = folder / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        for name in PROSE:
            package.pop(name, None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        for named in sys.argv[1:]:
            write(Path(named).absolute())
    except StackError as error:
        sys.exit(f"Weir: {error}")
