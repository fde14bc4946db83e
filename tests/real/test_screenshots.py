"""The pictures of the README are made by a command from a running stack; it makes what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.stack.paths import ROOT
from tests import live
from tests.browser.screenshots import LOOKS, SHOTS
from tests.live import LiveStack

PNG = b"\x89PNG\r\n\x1a\n"
SUFFIXES = ("", "-dark", "-narrow", "-narrow-dark")


def width_of(picture: Path) -> int:
    """In pixels, from the first chunk of the file."""
    head = picture.read_bytes()[:24]
    assert head.startswith(PNG), picture
    return int.from_bytes(head[16:20], "big")


@pytest.mark.real
@pytest.mark.browser
@pytest.mark.long
def test_every_page_is_pictured_in_each_look(live_stack: LiveStack, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.screenshots", str(tmp_path)],
        cwd=ROOT,
        env={**live.nobodys_environment(), "WEIR_BASE_URL": live_stack.web},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    expected = {f"{shot.name}{suffix}.png" for shot in SHOTS for suffix in SUFFIXES}
    assert {path.name for path in tmp_path.iterdir()} == expected
    assert {Path(line).name for line in done.stdout.splitlines()} == expected
    for width, theme in LOOKS:
        suffix = ("-narrow" if width < 1000 else "") + ("-dark" if theme == "dark" else "")
        for shot in SHOTS:
            # A page that scrolls sideways would make a wider picture.
            assert width_of(tmp_path / f"{shot.name}{suffix}.png") == width


def test_the_pictures_of_the_documents_are_those_of_the_command() -> None:
    names = {f"{shot.name}{suffix}.png" for shot in SHOTS for suffix in SUFFIXES}
    shown = {path.name for path in (ROOT / "docs" / "images").glob("*.png")}
    assert shown <= names
    text = "".join(path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    assert {name for name in shown if f"images/{name}" not in text} == set()
