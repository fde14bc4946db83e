"""Topics, drift and clusters, going out and coming in."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Strict
from topics.api.measures import ClusterMeasuresShown, MeasuresShown, PricesShown
from topics.kinds.topic.reason import ReasonKind
from topics.models import Cluster, DeclaredTopic, Drift, DriftMode, DriftState, ObservedTopic, Run
from topics.profiles.table import PROFILES
from topics.queries import Behind
from topics.services import clusters

DRIFT_STATES = DriftState.choices


class TopicShown(serializers.ModelSerializer[DeclaredTopic]):
    """A managed topic as lists show it."""

    cluster = serializers.SlugField(source="cluster_slug", read_only=True)
    environment = serializers.SlugField(source="environment_slug", read_only=True)
    owner = serializers.SlugField(read_only=True)
    data_class = serializers.CharField(read_only=True)
    configs = serializers.DictField(child=serializers.CharField(), read_only=True)
    drift_count = serializers.IntegerField(read_only=True)
    seen_partitions = serializers.IntegerField(read_only=True, allow_null=True)
    url = serializers.SerializerMethodField(help_text="Path of its page.")

    class Meta:
        model = DeclaredTopic
        fields = [
            "cluster",
            "name",
            "environment",
            "owner",
            "data_class",
            "partitions",
            "replication_factor",
            "configs",
            "generation",
            "last_applied_generation",
            "paused",
            "retention_ends_at",
            "drift_count",
            "seen_partitions",
            "created_at",
            "updated_at",
            "url",
        ]
        read_only_fields = fields

    def get_url(self, topic: DeclaredTopic) -> str:
        return f"/topics/{topic.cluster.slug}/{topic.name}/"


class UnmanagedShown(serializers.ModelSerializer[ObservedTopic]):
    """A topic that is on a cluster and that nobody declared."""

    cluster = serializers.SlugField(source="cluster.slug", read_only=True)
    environment = serializers.SlugField(source="cluster.environment.slug", read_only=True)

    class Meta:
        model = ObservedTopic
        fields = [
            "cluster",
            "name",
            "environment",
            "partitions",
            "replication_factor",
            "seen_at",
            "changed_at",
        ]
        read_only_fields = fields


class KeyShown(serializers.Serializer[Any]):
    """One value of a topic: declared, observed, and where each comes from."""

    path = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a value of the answer
    declared = serializers.CharField(allow_null=True)
    observed = serializers.CharField(allow_null=True)
    declared_exact = serializers.CharField()
    observed_exact = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]  # a value of the answer
        help_text="topic, dynamic, static, default; empty: not there."
    )
    origin = serializers.IntegerField(allow_null=True, help_text="The request that declared it.")
    in_step = serializers.BooleanField()


class DriftShown(serializers.ModelSerializer[Drift]):
    """Where a cluster is not as declared, in one key."""

    cluster = serializers.SlugField(source="cluster.slug", read_only=True)
    decided_by = PersonShown(read_only=True, allow_null=True)
    request = serializers.IntegerField(
        source="request_id", read_only=True, allow_null=True, help_text="That accepts it."
    )

    class Meta:
        model = Drift
        fields = [
            "id",
            "cluster",
            "kind",
            "name",
            "key",
            "declared",
            "observed",
            "team",
            "since_after",
            "since_before",
            "state",
            "state_at",
            "decided_by",
            "decided_by_name",
            "reason",
            "until",
            "request",
            "error",
        ]
        read_only_fields = fields


class BehindShown(serializers.Serializer[Any]):
    """What is declared and not on the cluster."""

    paths = serializers.SerializerMethodField(
        help_text="The values; empty where the topic itself was not made."
    )
    request = serializers.SerializerMethodField(
        help_text="The request that declared it, as far as that is known."
    )
    under_way = serializers.BooleanField(help_text="Whether a worker is on it.")
    why = serializers.CharField(help_text="What the last attempt ended with.")

    def get_paths(self, behind: Behind) -> list[str]:
        return [row.path for row in behind.rows]

    def get_request(self, behind: Behind) -> int | None:
        return behind.request.pk if behind.request else None


class ReasonShown(serializers.Serializer[Any]):
    """A reason for a longer retention, as it was approved."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in ReasonKind])
    text = serializers.CharField()
    ends = serializers.CharField(help_text="As it was asked for: 90 d, a time, never.")
    falls_back_to = serializers.CharField(help_text="Milliseconds, or default: the cluster's.")


class FallBackShown(serializers.Serializer[Any]):
    """A retention whose longer time is over, and that its cluster does not have yet."""

    request = serializers.IntegerField(allow_null=True, help_text="That agreed on the end.")
    to = serializers.CharField(allow_null=True, help_text="Milliseconds; null: the default.")
    since = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(help_text="What the last attempt ended with.")


class RetentionShown(serializers.Serializer[Any]):
    """Why a topic keeps records longer for a while, and what comes then."""

    reason = ReasonShown(source="retention_reason", allow_null=True)
    ends_at = serializers.DateTimeField(source="retention_ends_at", allow_null=True)
    fall_back = FallBackShown(
        allow_null=True, help_text="What is still to be brought to the cluster; null: nothing."
    )


class TopicPageShown(serializers.Serializer[Any]):
    """One topic on one cluster, managed or not."""

    measures = MeasuresShown(source="*")

    cluster = serializers.SlugField(source="cluster.slug")
    environment = serializers.SlugField(source="cluster.environment.slug")
    name = serializers.CharField()
    managed = serializers.SerializerMethodField()
    owner = serializers.SerializerMethodField()
    data_class = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    labels = serializers.SerializerMethodField()
    retention = RetentionShown(
        source="declared",
        allow_null=True,
        help_text="Why it keeps records longer and until when; null: nobody declared the topic.",
    )
    generation = serializers.SerializerMethodField()
    last_applied_generation = serializers.SerializerMethodField()
    pending = serializers.BooleanField(help_text="Declared, and on its way to the cluster.")
    behind = BehindShown(
        allow_null=True, help_text="What is declared and not applied, and why; null: nothing."
    )
    paused = serializers.SerializerMethodField()
    seen_at = serializers.DateTimeField(allow_null=True)
    stale = serializers.BooleanField()
    keys = KeyShown(source="rows", many=True)
    drifts = DriftShown(many=True)
    url = serializers.SerializerMethodField(help_text="Path of its page.")

    def get_managed(self, topic: Any) -> bool:
        return topic.declared is not None

    def get_owner(self, topic: Any) -> str | None:
        return topic.declared.resource.owner.slug if topic.declared else None

    def get_data_class(self, topic: Any) -> str | None:
        return topic.declared.resource.data_class if topic.declared else None

    def get_description(self, topic: Any) -> str | None:
        return topic.declared.resource.description if topic.declared else None

    def get_labels(self, topic: Any) -> dict[str, str] | None:
        return dict(topic.declared.resource.labels) if topic.declared else None

    def get_generation(self, topic: Any) -> int | None:
        return topic.declared.generation if topic.declared else None

    def get_last_applied_generation(self, topic: Any) -> int | None:
        return topic.declared.last_applied_generation if topic.declared else None

    def get_paused(self, topic: Any) -> bool:
        return bool(topic.declared and topic.declared.paused)

    def get_url(self, topic: Any) -> str:
        return f"/topics/{topic.cluster.slug}/{topic.name}/"


class RightShown(serializers.Serializer[Any]):
    """A right that Weir lacks on the cluster, and what it is for."""

    name = serializers.CharField()
    reason = serializers.CharField()
    operation = serializers.CharField()
    resource = serializers.CharField()


class RunShown(serializers.ModelSerializer[Run]):
    """One round of work on a cluster."""

    counters = serializers.DictField(read_only=True)

    class Meta:
        model = Run
        fields = ["kind", "started_at", "finished_at", "ok", "counters", "error"]
        read_only_fields = fields


class ClusterRecordShown(serializers.ModelSerializer[Cluster]):
    """A cluster's record. Its secrets never go out: only whether there is one."""

    environment = serializers.SlugField(source="environment.slug", read_only=True)
    security = serializers.DictField(read_only=True)
    has_password = serializers.SerializerMethodField()

    class Meta:
        model = Cluster
        fields = [
            "slug",
            "name",
            "environment",
            "bootstrap",
            "security",
            "has_password",
            "profile",
            "account",
            "region",
            "boundary",
            "zones",
            "drift_mode",
            "created_at",
            "cluster_id",
            "brokers",
            "default_partitions",
            "default_replication",
            "observed_at",
            "attempted_at",
            "reachable",
            "error",
        ]
        read_only_fields = fields

    def get_has_password(self, cluster: Cluster) -> bool:
        return bool(cluster.password_ref)


class ClusterShown(serializers.Serializer[Any]):
    """A cluster with its counts and how fresh they are."""

    cluster = ClusterRecordShown()
    declared = serializers.IntegerField()
    observed = serializers.IntegerField()
    drifting = serializers.IntegerField()
    stale = serializers.BooleanField()
    missing_rights = RightShown(many=True)


class ClusterPageShown(ClusterShown):
    """The same, with the last rounds of work, and what things cost there."""

    runs = RunShown(many=True)
    prices = PricesShown(source="cluster", help_text="A price that is null is unknown.")
    measures = ClusterMeasuresShown(source="cluster")


class LookShown(serializers.Serializer[Any]):
    """A worker was asked to look. Ask for the cluster again until `observed_at` is newer."""

    cluster = serializers.SlugField()
    asked_at = serializers.DateTimeField()


class SecurityIn(Strict):
    """How Weir signs in to the cluster."""

    protocol = serializers.ChoiceField(choices=[(p, p) for p in clusters.PROTOCOLS])
    mechanism = serializers.ChoiceField(
        choices=[(m, m) for m in clusters.MECHANISMS], required=False
    )
    username = serializers.CharField(max_length=250, required=False)
    ca_file = serializers.CharField(max_length=1_000, required=False)
    certificate_file = serializers.CharField(max_length=1_000, required=False)
    key_file = serializers.CharField(max_length=1_000, required=False)
    check_hostname = serializers.BooleanField(required=False)


class ClusterValuesIn(Strict):
    """A cluster's record, whole."""

    name = serializers.CharField(max_length=120)
    environment = serializers.SlugField(max_length=40)
    bootstrap = serializers.CharField(max_length=1_000, help_text="host:9092,host:9092")
    security = SecurityIn(required=False, default=dict)
    password = serializers.CharField(
        max_length=4_000,
        required=False,
        default=None,
        allow_null=True,
        allow_blank=True,
        trim_whitespace=False,
        help_text="A reference (env:NAME, file:/path) or the secret, which is sealed. "
        "Null leaves what is there.",
    )
    key_password = serializers.CharField(
        max_length=4_000,
        required=False,
        default=None,
        allow_null=True,
        allow_blank=True,
        trim_whitespace=False,
    )
    profile = serializers.ChoiceField(
        choices=[(p, p) for p in sorted(PROFILES)], required=False, default="apache-kafka"
    )
    account = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    region = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    boundary = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    zones = serializers.IntegerField(min_value=1, max_value=100, required=False, default=1)
    drift_mode = serializers.ChoiceField(
        choices=DriftMode.choices, required=False, default=DriftMode.REPORT
    )


class ClusterIn(ClusterValuesIn):
    """A new cluster."""

    slug = serializers.SlugField(max_length=63)


class AcceptIn(Strict):
    """Why what the cluster has is to be declared."""

    reason = serializers.CharField(max_length=5_000, required=False, default="", allow_blank=True)


class RevertIn(Strict):
    """Why the declared value is put back."""

    reason = serializers.CharField(max_length=5_000, required=False, default="", allow_blank=True)


class IgnoreIn(Strict):
    """Why, and until when, a difference is left alone."""

    reason = serializers.CharField(max_length=5_000)
    until = serializers.DateTimeField()


class AcceptedShown(serializers.Serializer[Any]):
    """The request that a difference became."""

    request = serializers.IntegerField(source="pk")
    url = serializers.SerializerMethodField(help_text="Path of its page.")

    def get_url(self, request: Any) -> str:
        return f"/requests/{request.pk}/"
