"""`manage.py person add` and `manage.py person password`: people, before anybody can sign in."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.actors import system_actor
from governance.errors import WeirError
from governance.models import OrgRoleName
from governance.services import people

BY = system_actor("command line")
# Far above what a password may have, so that a wrong file is noticed and not read to its end.
LONGEST_FILE = 10_000


class Command(BaseCommand):
    """Adds a person, or gives one a new password. Whoever can run this has the database anyway, so
    nobody must exist yet; the audit says that it was the command line."""

    help = "Add a person, or give one a new password."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="a new account")
        add.add_argument("username", help="the name to sign in by")
        add.add_argument("--name", default="", help="as people write it: Priya Nair")
        add.add_argument("--email", default="")
        add.add_argument(
            "--role",
            action="append",
            default=[],
            choices=OrgRoleName.values,
            help="in the whole installation; may be given several times",
        )
        add.add_argument(
            "--break-glass",
            action="store_true",
            help="a superuser, whose password counts when WEIR_LOCAL_SIGN_IN is break-glass",
        )
        password = actions.add_parser("password", help="a new password; sessions end")
        password.add_argument("username")
        for one in (add, password):
            one.add_argument(
                "--password-file",
                metavar="FILE",
                help="read the password from a file's first line (- for standard input) instead of "
                "asking for it",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        secret = _password(options["password_file"])
        username = options["username"]
        try:
            if options["action"] == "add":
                person = people.create(
                    username=username,
                    name=options["name"],
                    email=options["email"],
                    password=secret,
                    org_roles=options["role"],
                    by=BY,
                )
                if options["break_glass"]:
                    people.set_break_glass(person.username, by=BY)
                roles = ", ".join(sorted(set(options["role"]))) or "no role of the installation"
                self.stdout.write(f"{person.username} can sign in now ({roles}).")
            else:
                people.set_password(username, secret, by=BY)
                self.stdout.write(f"{username} has a new password; earlier sessions have ended.")
        except WeirError as error:
            raise CommandError(error.message) from error


def _password(file: str | None) -> str:
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise CommandError(
            "There is no terminal to ask for the password on. Give --password-file FILE, or - to "
            "read it from standard input."
        )
    typed = getpass.getpass("Password: ")
    if typed != getpass.getpass("The same again: "):
        raise CommandError("The two are not the same. Run it again.")
    return typed


def _first_line(file: str) -> str:
    try:
        if file == "-":
            text = sys.stdin.read(LONGEST_FILE)
        else:
            with Path(file).open(encoding="utf-8") as opened:
                text = opened.read(LONGEST_FILE)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandError(f"{file} cannot be read: {why}.") from error
    line = text.split("\n", 1)[0].removesuffix("\r")
    if not line:
        raise CommandError(f"{file} has no password in its first line.")
    return line
