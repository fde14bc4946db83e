"""Jobs on clusters, all in the queue "clusters". Each carries an id and reads the rest again."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from governance import dispatch
from topics.models import Cluster
from topics.services import drift, fallbacks, grants, measure, observe, scan


@shared_task(name="topics.observe")
def observe_cluster(cluster_id: int) -> None:
    """Looks at one cluster, then compares it with what is declared."""
    if observe.observe_cluster(cluster_id):
        scan.scan(cluster_id)


@shared_task(name="topics.drift")
def scan_drift(cluster_id: int) -> None:
    """Compares one cluster's last observation with what is declared."""
    scan.scan(cluster_id)


@shared_task(name="topics.revert")
def revert(drift_id: int) -> None:
    """Carries out a revert that somebody decided."""
    drift.do_revert(drift_id)


@shared_task(name="topics.scan_all")
def scan_all() -> None:
    """By beat: a job for each cluster, so that a dead one holds up no other; and reverts whose
    message was lost."""
    for cluster_id in Cluster.objects.values_list("pk", flat=True):
        dispatch.send(
            "topics.observe", cluster_id, queue="clusters", expires=settings.SCAN_INTERVAL
        )
        for drift_id in drift.waiting_reverts(cluster_id):
            dispatch.send("topics.revert", drift_id, queue="clusters")


@shared_task(name="topics.measure")
def measure_cluster(cluster_id: int) -> None:
    """Measures one cluster."""
    measure.measure_cluster(cluster_id)


@shared_task(name="topics.measure_all")
def measure_all() -> None:
    """By beat: a job for each cluster."""
    for cluster_id in Cluster.objects.values_list("pk", flat=True):
        dispatch.send(
            "topics.measure", cluster_id, queue="clusters", expires=settings.MEASURE_INTERVAL
        )


@shared_task(name="topics.take_away")
def take_away(cluster_id: int) -> None:
    """Takes away what grants that came to an end left on one cluster."""
    grants.take_away(cluster_id)


@shared_task(name="topics.end_grants")
def end_grants() -> int:
    """By beat: ends the grants whose time is over; and takes away what a lost message left."""
    return grants.sweep()


@shared_task(name="topics.fall_back")
def fall_back(cluster_id: int) -> None:
    """Brings retentions that fell back to one cluster."""
    fallbacks.bring(cluster_id)


@shared_task(name="topics.end_retentions")
def end_retentions() -> int:
    """By beat: lets topics whose longer time is over fall back; and brings what a lost message
    left."""
    return fallbacks.sweep()
