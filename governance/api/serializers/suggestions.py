"""Suggestions, and what changed between revisions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Strict
from governance.models import Suggestion, SuggestionState
from governance.services.requests import MAX_TEXT
from governance.services.suggestions import LONGEST_VALUE


class SuggestionShown(serializers.ModelSerializer[Suggestion]):
    """Another value for one path of an item."""

    suggested_by = PersonShown(read_only=True)
    state = serializers.ChoiceField(choices=SuggestionState.choices, read_only=True)

    class Meta:
        model = Suggestion
        fields = [
            "id",
            "revision",
            "kind",
            "place",
            "name",
            "path",
            "value",
            "comment",
            "suggested_by",
            "created_at",
            "state",
            "settled_by_name",
            "settled_at",
        ]
        read_only_fields = fields


class SuggestionIn(Strict):
    """A value for the item at that position of the revision that was seen."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    position = serializers.IntegerField(min_value=0, max_value=10_000)
    path = serializers.CharField(max_length=200)
    value = serializers.CharField(max_length=LONGEST_VALUE, allow_blank=True)
    comment = serializers.CharField(
        max_length=MAX_TEXT, required=False, default="", allow_blank=True
    )


class SeenIn(Strict):
    """The revision that was seen."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class ChangedShown(serializers.Serializer[Any]):
    """A value that differs from what it was in an earlier revision."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a value of the answer
    was = serializers.CharField()
    now = serializers.CharField()
