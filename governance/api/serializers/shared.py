"""Pieces that several answers have in common."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.models import User


class PersonShown(serializers.Serializer[User]):
    """A person, as far as everybody may know."""

    username = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


class DiffRowShown(serializers.Serializer[Any]):
    """One key in three columns: observed on the cluster, declared, requested. Values are ready to
    print; `*_exact` hold them as the cluster knows them."""

    path = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a value of the answer
    observed = serializers.CharField()
    declared = serializers.CharField()
    requested = serializers.CharField()
    observed_exact = serializers.CharField()
    declared_exact = serializers.CharField()
    requested_exact = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]  # a value of the answer
        help_text="Where the observed value comes from."
    )
    delta = serializers.CharField()
    note = serializers.CharField()
    changed = serializers.BooleanField()
    irreversible = serializers.BooleanField()


class FindingShown(serializers.Serializer[Any]):
    """What one policy version said."""

    policy = serializers.CharField()
    policy_version = serializers.IntegerField()
    severity = serializers.CharField()
    passed = serializers.BooleanField()
    path = serializers.CharField()
    message = serializers.CharField()
    way_out = serializers.CharField()
    owner = serializers.CharField()


class EffectShown(serializers.Serializer[Any]):
    """A consequence of an item beyond its own values."""

    name = serializers.CharField(help_text="What kind of consequence: bytes_local, cost, loss, …")
    label = serializers.CharField()  # type: ignore[assignment]  # a value of the answer
    text = serializers.CharField()
    tone = serializers.CharField(help_text="Empty, good, warn or bad.")
    how = serializers.CharField(help_text="How it was found out, and what it assumes.")
    exact = serializers.DictField(help_text="Its numbers; null is unknown.")


class StepShown(serializers.Serializer[Any]):
    """One thing that the worker will do."""

    text = serializers.CharField()
    target = serializers.CharField()
    risk = serializers.CharField(help_text="safe, disruptive or destructive.")
    position = serializers.IntegerField()
