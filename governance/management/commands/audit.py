"""`manage.py audit verify` and `manage.py audit publish`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance import verifier
from governance.models import Seal


class Command(BaseCommand):
    """Checks the audit's chain; writes its latest root to a file outside the database."""

    help = "Verify the chain of the audit, or publish its latest root."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser("verify", help="recompute the chain; exit 1 on damage")
        verify.add_argument(
            "--from",
            dest="first",
            type=int,
            default=1,
            metavar="SEAL",
            help="first seal to check; the one before is believed",
        )
        verify.add_argument(
            "--published",
            type=Path,
            metavar="FILE",
            help="compare with roots that `audit publish` wrote",
        )
        verify.add_argument("--json", action="store_true", help="print one JSON object")
        publish = actions.add_parser("publish", help="append the latest root to a file")
        publish.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "publish":
            self._publish(options["file"])
        else:
            self._verify(options["first"], options["published"], as_json=options["json"])

    def _verify(self, first: int, published: Path | None, *, as_json: bool) -> None:
        if first < 1:
            raise CommandError("--from is the number of a seal: 1 or more.", returncode=2)
        if first > 1 and not Seal.objects.filter(number=first).exists():
            raise CommandError(f"There is no seal {first}, so nothing was verified.", returncode=2)
        report = verifier.verify(first=first, published=_read(published) if published else None)
        if as_json:
            self.stdout.write(json.dumps(report.as_json()))
        else:
            for damage in report.damages:
                self.stdout.write(f"{damage.kind}: {damage.message}")
            if report.damage_count > len(report.damages):
                self.stdout.write(f"… and {report.damage_count - len(report.damages):,} more.")
            self.stdout.write(_sentence(report))
        if not report.intact:
            raise SystemExit(1)

    def _publish(self, file: Path) -> None:
        latest = verifier.publication()
        if latest is None:
            raise CommandError("Nothing is sealed yet. Start the scheduler and a worker first.")
        try:
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(latest) + "\n")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"Seal {latest['number']} is published in {file}.")


def _read(file: Path) -> dict[int, str]:
    try:
        return verifier.read_published(file.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(
            f"{file} is not what `audit publish` writes: one JSON object a line.", returncode=2
        ) from error


def _sentence(report: verifier.Report) -> str:
    waiting = f"{report.unsealed:,} not sealed yet"
    if report.unsealed:
        waiting += f" (the oldest for {report.oldest_unsealed_seconds:,.0f} s)"
    read = f"{report.events:,} events in {report.seals:,} seals"
    if report.intact:
        return f"Intact: {read}, {waiting}."
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(report.counts.items()))
    return f"DAMAGED in {report.damage_count:,} places ({kinds}): {read} were read, {waiting}."
