"""Asking a cluster what it would refuse, before anything is declared.

Weir's own rules cannot know everything that a broker refuses: a feature that is switched off, a
policy of the cluster, a value that its version does not take. What was declared and cannot be
applied would stand in the way of every later change, so the cluster validates first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from topics.errors import ClusterError
from topics.kafka import client as kafka
from topics.kinds.topic.kafka import send
from topics.kinds.topic.known import known_topics
from topics.kinds.topic.spec import TopicSpec
from topics.models import Cluster
from topics.profiles import table as profiles
from topics.reconcile.actions import Plan
from topics.reconcile.plan import batches
from topics.services import apply, clusters
from topics.services.apply import Declared


def refusals(cluster: Cluster, wanted: Mapping[str, TopicSpec]) -> dict[str, ClusterError]:
    """What the cluster refuses for good if these topics are to be so; none where it takes it.

    The plan is that of the last observation, so the topics have to be read first. Nothing is
    changed and no lease is needed. What only a fresh read can tell (a topic that is there already,
    or gone) is left to the apply. Raises ClusterError when the cluster cannot tell now.
    """
    plan = _plan(cluster, wanted)
    if not plan:
        return {}
    found: dict[str, ClusterError] = {}
    try:
        client = clusters.connect(cluster)
        for batch in batches(plan.actions):
            for name, error in send(client, batch, validate_only=True).items():
                if error is not None and error.retryable:
                    raise error
                if error is not None and not apply.stays_open(error):
                    found.setdefault(name, error)
    except ClusterError:
        kafka.forget(cluster.pk)
        raise
    return found


def _plan(cluster: Cluster, wanted: Mapping[str, TopicSpec]) -> Plan:
    """What would be sent if these specs were declared now."""
    rows = apply.load_declared(cluster.pk, wanted)
    declared = {
        name: replace(rows[name], spec=spec) if name in rows else _new(name, spec)
        for name, spec in wanted.items()
    }
    known = known_topics(cluster, list(wanted))
    observed = {name: one.observed for name, one in known.items() if one.observed is not None}
    return apply.combined_plan(declared, observed, profiles.get(cluster.profile))


def _new(name: str, spec: TopicSpec) -> Declared:
    return Declared(
        name=name,
        spec=spec,
        generation=0,
        last_applied=None,
        applied_generation=0,
        applied_at=None,
        paused=False,
    )
