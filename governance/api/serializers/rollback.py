"""What rolling a request back would do."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class RestoredShown(serializers.Serializer[Any]):
    """An item that can be taken back."""

    position = serializers.IntegerField(source="item.position")
    kind = serializers.CharField(source="item.kind")
    name = serializers.CharField(source="item.name")
    place = serializers.CharField(source="item.place")
    operation = serializers.CharField(source="undone.operation")
    after = serializers.DictField(source="undone.after")
    notes = serializers.ListField(source="undone.notes", child=serializers.CharField())
    moved_on = serializers.BooleanField(help_text="Others declared something since.")


class KeptShown(serializers.Serializer[Any]):
    """An item that stays as it is."""

    position = serializers.IntegerField(source="item.position")
    kind = serializers.CharField(source="item.kind")
    name = serializers.CharField(source="item.name")
    place = serializers.CharField(source="item.place")
    why = serializers.CharField(source="why.message")
    way_out = serializers.CharField(source="why.way_out")


class OutlookShown(serializers.Serializer[Any]):
    """What can be taken back, and what cannot and why. Nothing was stored."""

    restored = RestoredShown(many=True)
    kept = KeptShown(many=True)
