"""One run on a cluster under its lease, in which every name is settled in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from governance.errors import WeirError
from governance.kinds import Outcome, OutcomeState
from topics.errors import ClusterError, Fault, LeaseLost, LeaseTaken
from topics.kafka import client as kafka
from topics.models.cluster import Cluster
from topics.services import lease

LEASE_PATIENCE_S = 5.0

Settle = Callable[[Mapping[str, Outcome]], None]


def settle_all(
    cluster: Cluster,
    names: Sequence[str],
    settle: Settle,
    work: Callable[[Settle, lease.Held], None],
) -> None:
    """Does the work, which settles names as they are done; those that it left are settled as what
    ended it says, with RETRY or UNKNOWN where they stay open.

    `settle` may raise to stop the run (another worker has the request).
    """
    left = set(names)

    def settled(outcomes: Mapping[str, Outcome]) -> None:
        left.difference_update(outcomes)
        if outcomes:
            settle(outcomes)

    try:
        with lease.holding(cluster.pk, patience_s=LEASE_PATIENCE_S) as held:
            work(settled, held)
    except (ClusterError, LeaseLost, LeaseTaken) as error:
        if isinstance(error, ClusterError):
            kafka.forget(cluster.pk)
        settled({name: left_open(error) for name in sorted(left)})


def left_open(error: WeirError) -> Outcome:
    """The outcome of something that a failed run did not come to, or not to the end of."""
    if not error.retryable:
        return Outcome(OutcomeState.FAILED, error.message)
    unknown = isinstance(error, ClusterError) and error.fault is Fault.UNKNOWN
    return Outcome(OutcomeState.UNKNOWN if unknown else OutcomeState.RETRY, error.message)
