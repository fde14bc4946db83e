"""What each error of a broker means: Weir's own retry table.

The clients' own idea of "retriable" is no use (`retriable()` was False for every error seen), so
this table decides. Codes are of the Kafka protocol; a code that is not listed counts as a fault
that trying again does not mend, and says its number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kafka import errors as wire

from topics.errors import ClusterError, Fault

PREFIX: Final = re.compile(r"^(\[Error -?\d+\]\s*)?(\w+Error(:\s*|$))*")


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code: its protocol name, the fault, and a sentence where the broker gives none."""

    name: str
    fault: Fault
    sentence: str


def _m(name: str, fault: Fault, sentence: str) -> Meaning:
    return Meaning(name, fault, sentence)


CODES: Final[Mapping[int, Meaning]] = {
    -1: _m("UNKNOWN_SERVER_ERROR", Fault.UNKNOWN, "The broker failed and does not say why."),
    3: _m("UNKNOWN_TOPIC_OR_PARTITION", Fault.GONE, "The cluster has no such topic."),
    5: _m("LEADER_NOT_AVAILABLE", Fault.RETRY, "A partition has no leader at the moment."),
    6: _m("NOT_LEADER_OR_FOLLOWER", Fault.RETRY, "The leader has just moved."),
    7: _m("REQUEST_TIMED_OUT", Fault.UNKNOWN, "The cluster did not answer in time."),
    8: _m("BROKER_NOT_AVAILABLE", Fault.RETRY, "The broker is not available."),
    13: _m("NETWORK_EXCEPTION", Fault.UNKNOWN, "The connection broke before the answer came."),
    14: _m("COORDINATOR_LOAD_IN_PROGRESS", Fault.RETRY, "The coordinator is just starting."),
    15: _m("COORDINATOR_NOT_AVAILABLE", Fault.RETRY, "The coordinator is not available."),
    16: _m("NOT_COORDINATOR", Fault.RETRY, "The coordinator has just moved."),
    17: _m("INVALID_TOPIC_EXCEPTION", Fault.USER, "The cluster does not allow this topic name."),
    29: _m("TOPIC_AUTHORIZATION_FAILED", Fault.DENIED, "Weir lacks the right to do this."),
    30: _m("GROUP_AUTHORIZATION_FAILED", Fault.DENIED, "Weir lacks the right to see it."),
    31: _m("CLUSTER_AUTHORIZATION_FAILED", Fault.DENIED, "Weir lacks the right to do this."),
    35: _m("UNSUPPORTED_VERSION", Fault.USER, "The cluster is too old for this."),
    36: _m("TOPIC_ALREADY_EXISTS", Fault.EXISTS, "The name is taken on the cluster."),
    37: _m("INVALID_PARTITIONS", Fault.USER, "The number of partitions is not allowed."),
    38: _m("INVALID_REPLICATION_FACTOR", Fault.USER, "There are too few brokers for it."),
    39: _m("INVALID_REPLICA_ASSIGNMENT", Fault.USER, "The replicas cannot be placed like this."),
    40: _m("INVALID_CONFIG", Fault.USER, "The cluster does not accept a config."),
    41: _m("NOT_CONTROLLER", Fault.RETRY, "The controller has just moved."),
    42: _m("INVALID_REQUEST", Fault.USER, "The cluster does not accept this."),
    44: _m("POLICY_VIOLATION", Fault.USER, "A policy of the cluster refuses this."),
    53: _m("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", Fault.DENIED, "Weir lacks the right."),
    54: _m("SECURITY_DISABLED", Fault.USER, "The cluster has no authorizer."),
    55: _m("OPERATION_NOT_ATTEMPTED", Fault.RETRY, "The cluster did not try it."),
    56: _m("KAFKA_STORAGE_ERROR", Fault.RETRY, "A disk of the broker fails."),
    58: _m("SASL_AUTHENTICATION_FAILED", Fault.AUTHENTICATION, "The credentials are refused."),
    60: _m("REASSIGNMENT_IN_PROGRESS", Fault.RETRY, "Replicas of the topic are being moved."),
    69: _m("GROUP_ID_NOT_FOUND", Fault.GONE, "The cluster has no such group."),
    73: _m("TOPIC_DELETION_DISABLED", Fault.USER, "Topics cannot be deleted here."),
    89: _m("THROTTLING_QUOTA_EXCEEDED", Fault.RETRY, "The cluster's quota for changes is used up."),
}  # fmt: skip


def fault_of(code: int, message: str | None, *, about: str) -> ClusterError | None:
    """The error that a code of an answer means, None for code 0.

    `about` is the object, so that the sentence names it; the broker's own words follow, since only
    they say which value it did not like.
    """
    if code == 0:
        return None
    meaning = CODES.get(code)
    if meaning is None:
        meaning = Meaning(f"code {code}", Fault.USER, f"The cluster answers with error {code}.")
    said = (message or "").strip().rstrip(".")
    text = f"{about}: {meaning.sentence}"
    if said and said.lower() not in meaning.sentence.lower():
        text += f" The broker says: {said}."
    return ClusterError(text, fault=meaning.fault, wire_code=code, error_name=meaning.name)


def not_reached(where: str, error: BaseException | None) -> ClusterError:
    """The error for a cluster to which nothing was sent, so nothing can have been done."""
    reason = _reason(error)
    if isinstance(error, wire.SaslAuthenticationFailedError | wire.UnsupportedSaslMechanismError):
        return ClusterError(
            f"The cluster at {where} refuses Weir's credentials ({reason}). Check user, password "
            "and mechanism of the cluster's record.",
            fault=Fault.AUTHENTICATION,
            wire_code=58,
        )
    return ClusterError(
        f"The cluster at {where} cannot be reached: {reason}. Nothing was sent.",
        fault=Fault.RETRY,
    )


def no_answer(where: str, error: BaseException, *, changes: bool) -> ClusterError:
    """The error for a call that was sent and got no answer: one that `changes` something may have
    been carried out."""
    what = "What was asked may have been done, so it is read again first."
    return ClusterError(
        f"The cluster at {where} did not answer: {_reason(error)}. "
        f"{what if changes else 'It was only asked, and nothing was changed.'}",
        fault=Fault.UNKNOWN if changes else Fault.RETRY,
        wire_code=7,
    )


def _reason(error: BaseException | None) -> str:
    if error is None:
        return "it does not answer"
    # kafka-python puts a number and class names before the text, which tell people nothing.
    text = PREFIX.sub("", str(error)).strip().rstrip(".")
    if "ECONNREFUSED" in text:
        return "nothing listens there"
    if text.startswith("Unable to bootstrap"):
        return "it closes the connection without an answer. It may expect another security protocol"
    if isinstance(error, wire.UnsupportedSaslMechanismError):
        return text or "it does not offer this mechanism"
    return text or type(error).__name__
