"""`manage.py policies`."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from governance.models import PolicyVersion

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("policies", *arguments, stdout=out)
    return out.getvalue()


def test_the_starter_set_comes_once() -> None:
    assert "naming v1 holds" in run("starter")
    assert run("starter") == ""


def test_what_is_printed_loads_as_the_same_policies(tmp_path: Path) -> None:
    run("starter")
    file = tmp_path / "policies.yaml"
    file.write_text(run("print"))
    run("load", str(file))
    assert PolicyVersion.objects.exclude(version=1).count() == 0
    assert run("print") == file.read_text()


def test_a_mistake_is_told_with_its_field_and_nothing_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(
        "- {name: a, kind: topic, owner: x, severity: king, expression: 'true', message: m}"
    )
    with pytest.raises(CommandError, match="severity"):
        run("load", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        run("load", str(tmp_path / "missing.yaml"))
    assert not PolicyVersion.objects.exists()
