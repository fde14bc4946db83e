"""`manage.py demo`: a small estate to look at, made again as often as you like."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.demo import credentials, estate
from governance.errors import WeirError
from governance.services import policies


class Command(BaseCommand):
    """Makes what is missing of the demo estate and says how to sign in."""

    help = "Makes the demo estate (people, teams, a cluster record, requests) where it is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One option: the summary for programs."""
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Makes the estate; without a broker, all of it but the cluster."""
        written = estate.load()
        estate.make_people(written)
        _starter_policies()
        summary: dict[str, Any] = {
            "accounts": [
                {
                    "username": row["username"],
                    "password": estate.password_of(row["username"]),
                    "name": row["name"],
                    "role": row["role"],
                    "team": row.get("team", ""),
                }
                for row in written["people"]
            ],
            "registry_access": settings.REGISTRY_ANONYMOUS,
            "cluster": "",
        }
        kafka = settings.DEMO_KAFKA
        if kafka["bootstrap"]:
            self._with_kafka(written, kafka, summary)
        if options["json"]:
            self.stdout.write(json.dumps(summary))
            return
        for account in summary["accounts"]:
            self.stdout.write("{username} / {password}  {name}, {role}".format(**account))

    def _with_kafka(self, written: estate.Json, kafka: dict[str, str], summary: Any) -> None:
        try:
            cluster = estate.make_cluster(written, kafka)
            if kafka["user"]:
                application = written["application"]
                summary["application"] = {
                    "principal": f"User:{application['username']}",
                    "username": application["username"],
                    "password": credentials.make_credential(
                        kafka, application["username"], _password_file()
                    ),
                }
            estate.make_requests(written, cluster)
        except WeirError as error:
            self.stderr.write(f"The demo has no cluster: {error.message}")
            return
        summary["cluster"] = cluster.slug


def _password_file() -> Path:
    data = settings.SECRET_KEYS_FILE
    folder = Path(data).parent if data else settings.BASE_DIR / ".weir" / "secrets"
    return folder / "demo-application"


def _starter_policies() -> None:
    policies.load_starter(by=estate.BY)
