"""Which Node or Go is taken, and what is said when there is none."""

from pathlib import Path

import pytest

from config.stack import tools
from config.stack.errors import StackError
from config.stack.tools import GO, NODE, Tool


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole path, on a machine where nothing was installed before."""
    monkeypatch.setattr(tools, "TOOLS", tmp_path / "tools")
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(folder: Path, name: str, says: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("tool", "says"), [(NODE, "v22.1.0"), (NODE, "v124.0.0"), (GO, "go version go1.26.8 linux/arm")]
)
def test_the_machines_own_is_taken(bare: Path, tool: Tool, says: str) -> None:
    programs = [put(bare, name, says) for name in tool.programs]
    assert tools.find(tool) == programs[0]


@pytest.mark.parametrize(("tool", "says"), [(NODE, "v20.20.2"), (GO, "go1.23"), (NODE, "hello")])
def test_one_that_is_too_old_is_not(bare: Path, tool: Tool, says: str) -> None:
    for name in tool.programs:
        put(bare, name, says)
    assert tools.find(tool) is None


def test_node_without_npm_is_not(bare: Path) -> None:
    put(bare, "node", "v24.0.0")
    assert tools.find(NODE) is None


def test_what_was_installed_before_is_found(bare: Path) -> None:
    own = tools.folder_of(NODE) / NODE.inside
    own.parent.mkdir(parents=True)
    own.touch()
    assert tools.find(NODE) == own
    assert tools.npm(own) == [str(own), str(own.parent.parent / tools.NPM)]


def test_none_to_be_had_is_one_sentence_that_names_it(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(StackError, match=r"^There is no Go 1\.24 or newer here and .*: install Go"):
        tools.find_or_install(GO)
    assert [path.name for path in (tmp_path / "tools").iterdir()] == ["lock"]
