"""A worker that is killed between two batches: another one ends its work, once."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from governance.kinds import Outcome, OutcomeState
from tests.real import estate
from tests.real.estate import bare, eventually, overrides, partitions, unique
from tests.stack_plugin import KafkaAccess
from topics.models import Lease
from topics.services import observe

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]

OPEN = {OutcomeState.RETRY, OutcomeState.UNKNOWN}

# Says when the first batch is settled, and goes no further.
WORKER = """
import sys, django
django.setup()
from topics.models import Cluster
from topics.services import apply
def settle(outcomes):
    print(*outcomes, flush=True)
    sys.stdin.read()
apply.bring(Cluster.objects.get(slug=sys.argv[1]), sys.argv[2:], settle)
"""


def test_what_a_killed_worker_left_is_ended_by_another(kafka: KafkaAccess) -> None:
    cluster = estate.register(kafka)
    assert observe.observe_cluster(cluster.pk)
    first, second = unique("killed"), unique("killed")
    estate.bring(estate.items(cluster, [first, second]))
    with bare(kafka) as reader:
        eventually(lambda: {first, second} <= set(reader.list_topics()))
        # Configs go in one batch and partitions in the next.
        asked = [
            estate.item(cluster, first, "alter", 1, configs={"retention.ms": "7d"}),
            estate.item(cluster, second, "alter", 2, partitions=4),
        ]
        estate.declare(asked)
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, cluster.slug, first, second],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(),
        )
        with worker:
            assert worker.stdout is not None
            assert worker.stdout.readline().split() == [first]
            worker.kill()
        held = Lease.objects.get(cluster=cluster)
        assert held.expires_at is not None
        assert partitions(reader, second) == 1

        outcomes: dict[str, Outcome] = {}

        def ended() -> bool:
            # While the dead worker's lease lasts, nobody else gets it.
            outcomes.update(estate.apply(asked))
            return not {outcome.state for outcome in outcomes.values()} & OPEN

        eventually(ended, within=60)
        assert outcomes[first].state is OutcomeState.UNCHANGED
        assert outcomes[second].state is OutcomeState.APPLIED
        eventually(lambda: partitions(reader, second) == 4)
        eventually(lambda: overrides(reader, first) == {"retention.ms": "604800000"})
        assert Lease.objects.get(cluster=cluster).token == held.token + 1


def _environment() -> dict[str, str]:
    """This process's, with the test's own database and a short lease, of which a batch may take a
    third."""
    parts = urlsplit(os.environ["WEIR_DATABASE_URL"])
    database = str(connection.settings_dict["NAME"])
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "WEIR_DATABASE_URL": urlunsplit(parts._replace(path=f"/{database}")),
        "WEIR_LEASE_TTL": "8s",
    }
