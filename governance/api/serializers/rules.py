"""Policies and their versions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Plain, Strict
from governance.models import Policy, PolicyVersion, Severity

SEVERITIES = Severity.choices


class PolicyVersionShown(serializers.ModelSerializer[PolicyVersion]):
    """One version of a policy. It never changes."""

    scope = serializers.DictField(read_only=True)
    created_by = PersonShown(read_only=True, allow_null=True)
    severity = serializers.ChoiceField(choices=SEVERITIES, read_only=True)

    class Meta:
        model = PolicyVersion
        fields = [
            "version",
            "active",
            "kind",
            "expression",
            "severity",
            "approver",
            "waiver",
            "scope",
            "path",
            "message",
            "way_out",
            "created_by",
            "created_at",
        ]
        read_only_fields = fields


class PolicyShown(serializers.ModelSerializer[Policy]):
    """A policy with the version in force; null where none is."""

    in_force = serializers.SerializerMethodField()

    class Meta:
        model = Policy
        fields = ["name", "title", "owner", "description", "created_at", "in_force"]
        read_only_fields = fields

    def get_in_force(self, policy: Policy) -> int | None:
        return next((v.version for v in policy.versions.all() if v.active), None)


class PolicyPageShown(serializers.Serializer[Any]):
    """A policy with all its versions, newest first."""

    policy = PolicyShown()
    versions = PolicyVersionShown(many=True)


class PolicyVersionIn(Strict):
    """A new version of a policy."""

    kind = serializers.CharField(max_length=40)
    owner = serializers.CharField(max_length=120)
    severity = serializers.ChoiceField(choices=SEVERITIES)
    expression = serializers.CharField(max_length=10_000, help_text="CEL; true when all is well.")
    message = serializers.CharField(max_length=2_000)
    title = serializers.CharField(max_length=160, required=False, default="", allow_blank=True)
    description = serializers.CharField(
        max_length=5_000, required=False, default="", allow_blank=True
    )
    approver = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    waiver = serializers.CharField(
        max_length=80,
        required=False,
        default="platform",
        help_text="Who may grant a waiver: platform, steward, owner:<team>, or never.",
    )
    path = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    way_out = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    scope = Plain(required=False, default=dict)
    activate = serializers.BooleanField(required=False, default=False)


class ActivateIn(Strict):
    """Which version is to hold."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class DeactivateIn(Strict):
    """Why the policy is switched off."""

    reason = serializers.CharField(max_length=2_000)
