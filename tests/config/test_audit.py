"""`make audit`: what it found, and for how much of it nobody could answer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.stack.paths import ROOT

# As pip-audit, saying this.
SAYS = """
import sys
sys.stdout.write({said!r})
sys.stderr.write({aside!r})
sys.exit({code})
"""
FOUND = """{"dependencies": [
    {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]},
    {"name": "b", "version": "2", "vulns": [{"id": "GHSA-2", "fix_versions": []}]},
    {"name": "c", "version": "3", "vulns": []},
    {"name": "d", "skip_reason": "not on the index"}]}"""
CLEAN = '{"dependencies": [{"name": "c", "version": "3", "vulns": []}]}'
NOTHING = '{"dependencies": []}'


def audit(folder: Path, said: str, aside: str = "", code: int = 0) -> tuple[int, list[str]]:
    """Exit code and lines of `make audit`, with a pip-audit that says this."""
    package = folder / "pip_audit"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(SAYS.format(said=said, aside=aside, code=code))
    done = subprocess.run(
        [sys.executable, "-m", "config.lint", "audit"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_what_is_known_is_told_and_what_could_not_be_asked_as_well(tmp_path: Path) -> None:
    code, lines = audit(tmp_path, FOUND, code=1)
    assert code == 1
    assert lines[:3] == [
        "a 1: PYSEC-1, fixed in 1.1",
        "b 2: GHSA-2, fixed in no version",
        "3 packages audited, 2 vulnerabilities known.",
    ]
    assert lines[3].startswith("NOT AUDITED: 1 packages")
    assert "not on the index" in lines[3]


def test_nothing_known_passes(tmp_path: Path) -> None:
    assert audit(tmp_path, CLEAN) == (0, ["1 packages audited, 0 vulnerabilities known."])


@pytest.mark.parametrize("said", ["", "not JSON", "[]", NOTHING])
def test_without_an_answer_it_never_says_that_all_is_well(said: str, tmp_path: Path) -> None:
    code, lines = audit(tmp_path, said, "ERROR: the service did not answer\n", 1)
    assert code == 0
    assert len(lines) == 1
    assert lines[0].startswith("NOT AUDITED: pip-audit could not do its work here: ERROR: the ser")
