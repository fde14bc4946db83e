"""Tables of clusters and of everything declared on them; each kind's own are in its folder."""

from topics.kinds.grant.model import (
    DeclaredGrant,
    GrantState,
    MadeBinding,
    ObservedBinding,
)
from topics.kinds.topic.model import DeclaredTopic, ObservedTopic
from topics.measures.model import GroupMeasure, MeasureRound, PriceBook, TopicMeasure
from topics.models.cluster import Cluster, DriftMode, Lease, Run
from topics.models.declared import DeclaredOnCluster
from topics.models.drift import LIVE, Drift, DriftState

__all__ = [
    "LIVE",
    "Cluster",
    "DeclaredGrant",
    "DeclaredOnCluster",
    "DeclaredTopic",
    "Drift",
    "DriftMode",
    "DriftState",
    "GrantState",
    "GroupMeasure",
    "Lease",
    "MadeBinding",
    "MeasureRound",
    "ObservedBinding",
    "ObservedTopic",
    "PriceBook",
    "Run",
    "TopicMeasure",
]
