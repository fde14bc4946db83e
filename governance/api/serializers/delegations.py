"""Delegations, going out and coming in."""

from __future__ import annotations

from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Strict
from governance.models import Delegation
from governance.services.delegations import MAX_REASON


class DelegationShown(serializers.ModelSerializer[Delegation]):
    """One person's approvals in the hands of another, for a time."""

    giver = PersonShown(read_only=True)
    taker = PersonShown(read_only=True)

    class Meta:
        model = Delegation
        fields = [
            "id",
            "giver",
            "taker",
            "roles",
            "reason",
            "starts_at",
            "ends_at",
            "created_at",
            "revoked_at",
            "revoked_by_name",
        ]
        read_only_fields = fields


class DelegationIn(Strict):
    """To whom, in which of one's roles, from when until when."""

    to = serializers.CharField(max_length=150, help_text="The name that she signs in as.")
    roles = serializers.ListField(
        child=serializers.CharField(max_length=80),
        required=False,
        default=list,
        max_length=500,
        help_text="As in requirements: owner:<team>, platform, steward. None: all that you hold.",
    )
    begins = serializers.CharField(
        max_length=40,
        required=False,
        default="",
        allow_blank=True,
        help_text="A day as 2026-12-20, or a time. Empty: now.",
    )
    ends = serializers.CharField(
        max_length=40, help_text="A day, which counts to its end, a time, or a length as 14 d."
    )
    zone = serializers.CharField(
        max_length=64, required=False, default="UTC", help_text="By whose clock days are meant."
    )
    reason = serializers.CharField(max_length=MAX_REASON)
