"""`manage.py policies`: the first policies, and policies kept as files."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError

from governance.actors import system_actor
from governance.errors import Refused
from governance.models import PolicyVersion
from governance.policy.load import PolicyText, read_policies, write_policies
from governance.services import policies, simulations

BY = system_actor("command line")
CHANGES = ("newly_refused", "no_longer_refused", "newly_asked", "newly_warned")
SHOWN = 20
T = TypeVar("T")


class Command(BaseCommand):
    """Loads and prints policies; the pages and files are the same objects."""

    help = "Loads policies (the starter set, or YAML files) and prints those that hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Four verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("starter", help="load the starter policies that are missing")
        load = verbs.add_parser("load", help="write and activate every policy of the files")
        load.add_argument("files", nargs="+", type=Path)
        simulate = verbs.add_parser(
            "simulate", help="say what the policies of a file would say of all there is"
        )
        simulate.add_argument("file", type=Path)
        verbs.add_parser("print", help="print the policies that hold, as YAML")

    def handle(self, *args: Any, **options: Any) -> None:
        """Does what the verb says."""
        match options["verb"]:
            case "starter":
                self._say(policies.load_starter(by=BY))
            case "load":
                for file in options["files"]:
                    self._load(file)
            case "simulate":
                for text in self._read(options["file"]):
                    self._simulate(text)
            case "print":
                self.stdout.write(write_policies(policies.text_of(v) for v in _active()))

    def _load(self, file: Path) -> None:
        self._say(self._from(file, lambda text: policies.load_file(text, by=BY)))

    def _read(self, file: Path) -> list[PolicyText]:
        return self._from(file, read_policies)

    def _simulate(self, text: PolicyText) -> None:
        """One policy's counts, and the first examples of each change."""
        found, against = simulations.simulate(text)
        self.stdout.write(f"{text.name}, beside {f'v{against}' if against else 'nothing in force'}")
        for source, counts in _members(found["sources"]):
            numbers = ", ".join(f"{c.replace('_', ' ')} {counts[c]:,}" for c in CHANGES)
            self.stdout.write(f"  {source}: {counts['judged']:,} judged, {numbers}")
        for note in _members(found["notes"]):
            self.stdout.write(f"  {note[1]}")
        for change, examples in _members(found["examples"]):
            for one in examples[:SHOWN]:
                where = f"{one['kind']} {one['name']} on {one['place']} ({one['team']})"
                self.stdout.write(f"  {change.replace('_', ' ')}: {where} {one['message']}")

    def _from(self, file: Path, use: Callable[[str], list[T]]) -> list[T]:
        try:
            return use(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except Refused as error:
            lines = [f"{file}: {error.message}"]
            lines += [f"  {p.path}: {p.message} {p.way_out}" for p in error.problems]
            raise CommandError("\n".join(lines)) from error

    def _say(self, versions: list[PolicyVersion]) -> None:
        for version in versions:
            self.stdout.write(f"{version.policy.name} v{version.version} holds")


def _members(found: object) -> list[tuple[str, Any]]:
    return list(found.items()) if isinstance(found, dict) else []


def _active() -> list[PolicyVersion]:
    rows = PolicyVersion.objects.filter(active=True).select_related("policy")
    return list(rows.order_by("policy__name"))
