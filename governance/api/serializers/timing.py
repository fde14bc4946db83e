"""Freezes, times and broken glass, going out and coming in."""

from __future__ import annotations

from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Strict
from governance.models import BrokenGlass, Freeze, GlassVerdict
from governance.services.freezes import MAX_REASON
from governance.services.requests import MAX_TEXT


class FreezeShown(serializers.ModelSerializer[Freeze]):
    """A time in which nothing is applied in an environment."""

    environment = serializers.SlugField(source="environment.slug", read_only=True)
    declared_by = PersonShown(read_only=True, allow_null=True)
    lifted_by = PersonShown(read_only=True, allow_null=True)

    class Meta:
        model = Freeze
        fields = [
            "id",
            "environment",
            "starts_at",
            "ends_at",
            "reason",
            "declared_by",
            "declared_at",
            "lifted_by",
            "lifted_at",
        ]
        read_only_fields = fields


class FreezeIn(Strict):
    """A new freeze; without a start it begins now."""

    starts_at = serializers.DateTimeField(required=False, default=None, allow_null=True)
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=MAX_REASON)


class NotBeforeIn(Strict):
    """When a request is applied at the earliest; null: as soon as it may be."""

    not_before = serializers.DateTimeField(allow_null=True)


class BreakGlassIn(Strict):
    """Why it cannot wait, and the revision that was seen."""

    reason = serializers.CharField(max_length=MAX_TEXT)
    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class GlassShown(serializers.ModelSerializer[BrokenGlass]):
    """A request that was applied past approvals and freezes, and who looked at it afterwards."""

    request = serializers.IntegerField(source="request_id", read_only=True)
    broken_by = PersonShown(read_only=True)
    reviewer = PersonShown(read_only=True, allow_null=True)
    verdict = serializers.ChoiceField(
        choices=[("", "Not yet"), *GlassVerdict.choices], read_only=True
    )

    class Meta:
        model = BrokenGlass
        fields = [
            "id",
            "request",
            "revision",
            "reason",
            "broken_by",
            "broken_at",
            "due",
            "reviewer",
            "verdict",
            "comment",
            "reviewed_at",
        ]
        read_only_fields = fields


class LookIn(Strict):
    """What the second person says; an objection needs words."""

    verdict = serializers.ChoiceField(choices=GlassVerdict.choices)
    comment = serializers.CharField(
        max_length=MAX_TEXT, required=False, default="", allow_blank=True
    )
