"""Which Chromium the browser tests take, how one is installed, and what is said without one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from config.stack import chromium, tools
from config.stack.errors import StackError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole path, on a machine where no browser was installed before."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.delenv("WEIR_CHROMIUM", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(chromium, "UNPACKED", tmp_path / "tools" / "chromium")
    return folder


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def fails(reason: str) -> Callable[[], None]:
    def install() -> None:
        raise StackError(f"apt-get failed:\n{reason}")

    return install


def test_the_named_one_then_the_machines_then_playwrights_then_an_own_one(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chromium.find() is None
    own = program(tmp_path / "tools" / "chromium" / "chromium")
    assert chromium.find() == own
    playwrights = program(tmp_path / "playwright" / "chromium-1200" / "chrome-linux64" / "chrome")
    assert chromium.find() == playwrights
    machines = program(bare / "chromium-browser")
    assert chromium.find() == machines
    named = program(tmp_path / "mine")
    monkeypatch.setenv("WEIR_CHROMIUM", str(named))
    assert chromium.find_or_install() == named
    monkeypatch.setenv("WEIR_CHROMIUM", str(tmp_path / "nowhere"))
    with pytest.raises(StackError, match=r"^WEIR_CHROMIUM names .*nowhere, .*: correct it\.$"):
        chromium.find()


@pytest.mark.parametrize(
    ("root", "has_apt", "system", "expected"),
    [
        (True, True, "linux", ["apt", "npm", "playwright"]),
        (False, True, "linux", ["npm", "playwright"]),
        (True, False, "linux", ["npm", "playwright"]),
        (False, False, "darwin", ["playwright"]),
    ],
)
def test_the_ways_to_install_one(
    root: bool, has_apt: bool, system: str, expected: list[str]
) -> None:
    assert chromium.ways(root=root, has_apt=has_apt, system=system) == expected
    assert set(expected) <= set(chromium.WAYS)


def test_a_way_that_fails_is_followed_by_the_next(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "ways", lambda **_: ["apt", "npm", "playwright"])
    monkeypatch.setitem(chromium.WAYS, "apt", fails("no mirror"))
    monkeypatch.setitem(chromium.WAYS, "npm", lambda: program(bare / "chromium"))
    assert chromium.find_or_install() == bare / "chromium"


def test_none_to_be_had_is_one_sentence_with_each_reason(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "ways", lambda **_: ["apt", "npm", "playwright"])
    monkeypatch.setitem(chromium.WAYS, "apt", fails("no mirror"))
    monkeypatch.setitem(chromium.WAYS, "npm", fails("no registry"))
    monkeypatch.setitem(chromium.WAYS, "playwright", lambda: None)
    with pytest.raises(StackError) as refused:
        chromium.find_or_install()
    assert str(refused.value) == (
        "There is no Chromium here and none could be installed (apt: no mirror; npm: no registry;"
        " playwright: it left no program behind): install one, or name it in WEIR_CHROMIUM."
    )


@pytest.mark.long
@pytest.mark.browser
def test_the_one_from_npm_shows_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the Node of `tools`, so that a machine without any can install it."""
    monkeypatch.setattr(tools, "find", lambda tool: None)
    monkeypatch.setattr(chromium, "TOOLS", tmp_path)
    monkeypatch.setattr(chromium, "UNPACKED", tmp_path / "chromium")
    chromium.WAYS["npm"]()
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(tmp_path / "chromium" / "chromium"), args=flags
        )
        page = browser.new_page()
        page.set_content("<title>Weir</title><button onclick='document.title=1'>Go</button>")
        page.get_by_role("button", name="Go").click()
        assert page.title() == "1"
        browser.close()
