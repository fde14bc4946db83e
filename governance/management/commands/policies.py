"""`manage.py policies`: the first policies, and policies kept as files."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.actors import system_actor
from governance.errors import Refused
from governance.models import PolicyVersion
from governance.policy.load import PolicyText, write_policies
from governance.services import policies

BY = system_actor("command line")


class Command(BaseCommand):
    """Loads and prints policies; the pages and files are the same objects."""

    help = "Loads policies (the starter set, or YAML files) and prints those that hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Three verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("starter", help="load the starter policies that are missing")
        load = verbs.add_parser("load", help="write and activate every policy of the files")
        load.add_argument("files", nargs="+", type=Path)
        verbs.add_parser("print", help="print the policies that hold, as YAML")

    def handle(self, *args: Any, **options: Any) -> None:
        """Does what the verb says."""
        match options["verb"]:
            case "starter":
                self._say(policies.load_starter(by=BY))
            case "load":
                for file in options["files"]:
                    self._load(file)
            case "print":
                self.stdout.write(write_policies(_text(v) for v in _active()))

    def _load(self, file: Path) -> None:
        try:
            self._say(policies.load_file(file.read_text(encoding="utf-8"), by=BY))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except Refused as error:
            lines = [f"{file}: {error.message}"]
            lines += [f"  {p.path}: {p.message} {p.way_out}" for p in error.problems]
            raise CommandError("\n".join(lines)) from error

    def _say(self, versions: list[PolicyVersion]) -> None:
        for version in versions:
            self.stdout.write(f"{version.policy.name} v{version.version} holds")


def _active() -> list[PolicyVersion]:
    rows = PolicyVersion.objects.filter(active=True).select_related("policy")
    return list(rows.order_by("policy__name"))


def _text(version: PolicyVersion) -> PolicyText:
    return PolicyText(
        name=version.policy.name,
        title=version.policy.title,
        description=version.policy.description,
        kind=version.kind,
        owner=version.policy.owner,
        severity=version.severity,
        expression=version.expression,
        message=version.message,
        approver=version.approver,
        path=version.path,
        way_out=version.way_out,
        scope=version.scope,
    )
