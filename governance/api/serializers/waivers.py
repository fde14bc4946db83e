"""Waivers in the shape that goes out."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework import serializers

from governance.models import Waiver
from governance.waivers import inforce

STATES = [
    ("in_force", "In force"),
    ("ends_soon", "In force, and ends within 14 days"),
    ("ended", "Ended by itself"),
    ("taken_back", "Taken back before its time"),
]


def with_states(rows: Sequence[Waiver]) -> Sequence[Waiver]:
    """The same rows, each with the `state` that the database finds it in."""
    states = inforce.states([row.pk for row in rows])
    for row in rows:
        row.state = states.get(row.pk, "ended")  # type: ignore[attr-defined]  # for the serializer
    return rows


class WaiverShown(serializers.ModelSerializer[Waiver]):
    """One object that one policy does not stop."""

    policy = serializers.CharField(source="policy.name", read_only=True)
    owner = serializers.CharField(source="team.slug", read_only=True)
    environment = serializers.CharField(source="environment.slug", read_only=True)
    until = serializers.DateField(read_only=True, help_text="Its last day, in UTC.")
    state = serializers.ChoiceField(choices=STATES, read_only=True)
    request = serializers.IntegerField(source="request_id", read_only=True)
    ended_request = serializers.IntegerField(
        source="ended_request_id", read_only=True, allow_null=True
    )

    class Meta:
        model = Waiver
        fields = [
            "id",
            "name",
            "policy",
            "policy_version",
            "kind",
            "place",
            "object",
            "environment",
            "owner",
            "reason",
            "state",
            "until",
            "generation",
            "asked_by",
            "granted_by",
            "granted_at",
            "request",
            "ended_at",
            "ended_reason",
            "ended_request",
        ]
        read_only_fields = fields
