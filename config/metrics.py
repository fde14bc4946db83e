"""Gauges of the installation, read when Prometheus asks."""

from __future__ import annotations

from collections.abc import Iterator

import redis
from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from governance import sealer
from governance.models import Request
from governance.workflow import State
from topics.models import Cluster, Drift, DriftState

QUEUES = ("default", "clusters", "notices")
REDIS_TIMEOUT_SECONDS = 1


class WeirCollector(Collector):
    """What an operator is woken for: work that stands still, events not sealed, clusters away."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family after another; each asks the database once."""
        yield _requests()
        yield _unsealed()
        yield from _clusters()
        yield _drift()
        yield from _queues()


def _requests() -> GaugeMetricFamily:
    family = GaugeMetricFamily("weir_requests", "Requests in each state.", labels=["state"])
    counts = dict(Request.objects.order_by().values_list("state").annotate(n=Count("pk")))
    for state in State:
        family.add_metric([state.value], counts.get(state.value, 0))
    return family


def _unsealed() -> GaugeMetricFamily:
    oldest = sealer.waiting().oldest
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return GaugeMetricFamily(
        "weir_audit_oldest_unsealed_seconds",
        "Age of the oldest event of the audit that is not sealed; 0 when all are.",
        value=max(age, 0.0),
    )


def _clusters() -> Iterator[GaugeMetricFamily]:
    reachable = GaugeMetricFamily(
        "weir_cluster_reachable", "1 when the last attempt reached it.", labels=["cluster"]
    )
    age = GaugeMetricFamily(
        "weir_cluster_observation_age_seconds",
        "Since the last complete observation began; absent for a cluster never observed.",
        labels=["cluster"],
    )
    now = timezone.now()
    for slug, reached, observed_at in Cluster.objects.values_list(
        "slug", "reachable", "observed_at"
    ):
        reachable.add_metric([slug], int(reached))
        if observed_at is not None:
            age.add_metric([slug], max((now - observed_at).total_seconds(), 0.0))
    yield reachable
    yield age


def _drift() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "weir_drift_open", "Differences that nobody has decided on.", labels=["cluster"]
    )
    rows = Drift.objects.filter(state=DriftState.OPEN).order_by().values_list("cluster__slug")
    for slug, number in rows.annotate(n=Count("pk")):
        family.add_metric([slug], number)
    return family


def _queues() -> Iterator[GaugeMetricFamily]:
    up = GaugeMetricFamily("weir_queue_up", "1 when the queue of jobs answers.")
    waiting = GaugeMetricFamily(
        "weir_queue_waiting", "Messages that no worker has taken.", labels=["queue"]
    )
    taken = GaugeMetricFamily("weir_queue_taken", "Messages taken by workers and not yet done.")
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
    )
    try:
        with client.pipeline(transaction=False) as pipe:
            for name in QUEUES:
                pipe.llen(name)
            pipe.hlen("unacked")
            *lengths, unacked = pipe.execute()
    except redis.RedisError:
        up.add_metric([], 0)
        yield up
        return
    finally:
        client.close()
    up.add_metric([], 1)
    for name, length in zip(QUEUES, lengths, strict=True):
        waiting.add_metric([name], length)
    taken.add_metric([], unacked)
    yield from (up, waiting, taken)
