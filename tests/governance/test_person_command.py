"""`manage.py person`: the first administrator, and a password that was forgotten."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from governance.actors import actor_for_user
from governance.models import Event, User

pytestmark = pytest.mark.django_db

GOOD = "correct horse battery"
BETTER = "staple of another colour"
Written = Callable[[str], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> str:
        file = tmp_path / "password"
        file.write_text(text)
        return str(file)

    return write


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("person", *arguments, stdout=out)
    return out.getvalue()


def test_the_first_administrator_needs_nobody_before_her(written: Written) -> None:
    said = run(
        "add", "mara", "--name", "Mara Kovac", "--email", "mara@example.com",
        "--role", "platform", "--role", "steward", "--password-file", written(f"{GOOD}\n"),
    )  # fmt: skip
    assert said == "mara can sign in now (platform, steward).\n"
    assert Client().login(username="mara", password=GOOD)
    user = User.objects.get(username="mara")
    assert actor_for_user(user).org_roles == {"platform", "steward"}
    by = Event.objects.values_list("action", "actor_kind", "actor_name").order_by("id")
    assert list(by) == [
        ("person.created", "system", "command line"),
        ("person.roles_set", "system", "command line"),
    ]


def test_a_password_is_replaced_and_what_was_wrong_is_one_sentence(written: Written) -> None:
    run("add", "mara", "--password-file", written(GOOD))
    assert "new password" in run("password", "mara", "--password-file", written(BETTER))
    assert Client().login(username="mara", password=BETTER)
    with pytest.raises(CommandError, match="nobody called ghost"):
        run("password", "ghost", "--password-file", written(GOOD))
    with pytest.raises(CommandError, match="at least 12 characters"):
        run("password", "mara", "--password-file", written("short"))
    with pytest.raises(CommandError, match="Somebody signs in as mara already"):
        run("add", "mara", "--password-file", written(GOOD))
    with pytest.raises(CommandError, match="no password in its first line"):
        run("add", "other", "--password-file", written("\n"))
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run("add", "other", "--password-file", "/nowhere/at/all")
    with pytest.raises(CommandError, match="There is no terminal"):
        run("add", "other")


def test_a_terminal_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a terminal of its own, since asking is what is tested."""
    for second, works in ((GOOD, True), (BETTER, False)):
        ours, theirs = pty.openpty()
        with os.fdopen(theirs) as terminal, monkeypatch.context() as patched:
            patched.setattr("sys.stdin", terminal)
            answers = iter([GOOD, second])
            patched.setattr("getpass.getpass", lambda _: next(answers))  # noqa: B023
            if works:
                run("add", "mara")
            else:
                with pytest.raises(CommandError, match="not the same"):
                    run("add", "other")
        os.close(ours)
    assert Client().login(username="mara", password=GOOD)
