"""Measures and prices, going out and coming in."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance.api.base import ApiView
from governance.api.shapes import Strict
from topics import cost
from topics.measures import known
from topics.measures.known import prices_of
from topics.measures.model import MeasureRound, PriceBook
from topics.measures.report import Report, report
from topics.models import Cluster
from topics.queries import TopicDetail
from topics.services import prices
from topics.services.prices import MOST, PLACES, PRICES, PriceSpec


def _amount(help_text: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=14,
        decimal_places=PLACES,
        min_value=0,
        max_value=MOST,
        required=False,
        allow_null=True,
        default=None,
        help_text=help_text,
    )


class PricesIn(Strict):
    """A cluster's prices, whole. What is left out or null is unknown, which is not 0."""

    currency = serializers.CharField(min_length=3, max_length=3, help_text="EUR, for example.")
    local_gib_month = _amount("A GiB on brokers' disks, a month.")
    remote_gib_month = _amount("A GiB in object storage, a month.")
    ingress_gib = _amount("A GiB written.")
    cross_zone_gib = _amount("A GiB between zones.")


class PricesShown(serializers.Serializer[Any]):
    """A cluster's prices, as exact texts; null is unknown."""

    currency = serializers.CharField(allow_blank=True, help_text="Empty: none are set.")
    local_gib_month = serializers.CharField(allow_null=True)
    remote_gib_month = serializers.CharField(allow_null=True)
    ingress_gib = serializers.CharField(allow_null=True)
    cross_zone_gib = serializers.CharField(allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        known = prices_of(PriceBook.objects.filter(cluster=instance).first())
        amounts = {name: getattr(known, name) for name in PRICES}
        shown = {k: None if v is None else f"{v.normalize():f}" for k, v in amounts.items()}
        return {"currency": known.currency, **shown}


class ClusterMeasuresShown(serializers.Serializer[Any]):
    """The last round of measuring a cluster; what is not known of it says why."""

    attempted_at = serializers.DateTimeField(allow_null=True)
    seen_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    sizes_error = serializers.CharField(allow_blank=True)
    groups_error = serializers.CharField(allow_blank=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        last = MeasureRound.objects.filter(cluster=instance).first()
        return dict(super().to_representation(last or MeasureRound()))


class ReaderShown(serializers.Serializer[Any]):
    """A group that reads the topic."""

    group = serializers.CharField()
    state = serializers.CharField()
    lag = serializers.IntegerField(help_text="Records that it has not read.")
    behind_ms = serializers.IntegerField(
        allow_null=True, help_text="Age of the oldest of them; null: none, or unknown."
    )
    unread_bytes = serializers.IntegerField(allow_null=True, help_text="The most of a partition.")
    teams = serializers.ListField(
        child=serializers.CharField(), help_text="Whose it is; empty: nobody knows."
    )


class GrowthShown(serializers.Serializer[Any]):
    """How fast the topic grows, on average."""

    records_per_second = serializers.FloatField(source="records")
    bytes_per_second = serializers.FloatField(source="size", allow_null=True)
    since = serializers.DateTimeField()


class PartShown(serializers.Serializer[Any]):
    """One part of the cost."""

    name = serializers.CharField()
    amount = serializers.CharField(allow_null=True, help_text="Null is unknown.")
    why = serializers.CharField(help_text="Why it is unknown.")


class CostShown(serializers.Serializer[Any]):
    """What it costs a month."""

    currency = serializers.CharField(help_text="Empty: no prices are set.")
    amount = serializers.CharField(allow_null=True, help_text="Null is unknown.")
    parts = PartShown(many=True)
    assumptions = serializers.ListField(child=serializers.CharField())


class MeasuresShown(serializers.Serializer[Any]):
    """What a topic holds, how fast it grows, how far it is read, what it costs. Null is unknown."""

    seen_at = serializers.DateTimeField(allow_null=True)
    stale = serializers.BooleanField(help_text="Too old to go by.")
    records = serializers.IntegerField(allow_null=True)
    local_bytes = serializers.IntegerField(allow_null=True, help_text="All copies on brokers.")
    remote_bytes = serializers.IntegerField(allow_null=True, help_text="In object storage.")
    sizes_unknown = serializers.CharField(help_text="Why sizes are unknown; empty: they are not.")
    growth = GrowthShown(allow_null=True)
    groups = ReaderShown(many=True, help_text="Those that lag most.")
    more_groups = serializers.IntegerField()
    groups_unknown = serializers.CharField(help_text="Why there may be others.")
    cost = CostShown()

    def to_representation(self, instance: TopicDetail) -> dict[str, Any]:
        rows = (instance.observed, instance.declared)
        replication = next((row.replication_factor for row in rows if row is not None), 1)
        measured = known.measured(instance.cluster, instance.name)
        found = report(instance.cluster, measured, replication=replication)
        return dict(super().to_representation(_told(found)))


def _told(found: Report) -> dict[str, Any]:
    measured = found.measured
    amount = found.cost.amount
    return {
        "seen_at": measured.seen_at,
        "stale": measured.stale,
        "records": measured.records,
        "local_bytes": found.stored.local,
        "remote_bytes": found.stored.remote,
        "sizes_unknown": measured.sizes_unknown,
        "growth": measured.growth,
        "groups": found.readers,
        "more_groups": found.more_readers,
        "groups_unknown": measured.unknown,
        "cost": {
            "currency": found.cost.currency,
            "amount": cost.exact(amount),
            "parts": [
                {"name": part.name, "amount": cost.exact(part.amount), "why": part.why}
                for part in found.cost.parts
            ],
            "assumptions": list(found.cost.assumptions),
        },
    }


class ClusterPrices(ApiView):
    """What things cost on one cluster."""

    kind = "cluster"
    queryset = PriceBook.objects.none()

    @extend_schema(
        operation_id="clusters_set_prices", request=PricesIn, responses={200: PricesShown}
    )
    def put(self, request: Call, slug: str) -> Response:
        """Replaces the prices, by the platform team."""
        book = prices.set_prices(slug, PriceSpec(**self.values(PricesIn)), by=self.actor)
        return self.shown(PricesShown, Cluster(pk=book.cluster_id))
