"""The shape of problem documents, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ValueProblemShown(serializers.Serializer[Any]):
    """One thing that is wrong with one value."""

    path = serializers.CharField(help_text="The value (configs.retention.ms); empty: all of it.")
    message = serializers.CharField()
    way_out = serializers.CharField()
    position = serializers.IntegerField(help_text="The item's place in the request, else -1.")
    rule = serializers.CharField()


class ProblemShown(serializers.Serializer[Any]):
    """Why a call was not done (RFC 9457)."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="One sentence: the object, the rule, the way out.")
    code = serializers.CharField(help_text="Stable; /api/v1/problems lists all of them.")
    problems = ValueProblemShown(many=True)
    request_id = serializers.CharField(help_text="Finds the lines of the log.")
    rule = serializers.CharField(required=False)
    who = serializers.ListField(child=serializers.CharField(), required=False)
    revision = serializers.IntegerField(required=False)
    request = serializers.IntegerField(required=False)


class SortShown(serializers.Serializer[Any]):
    """One code that problem documents carry."""

    code = serializers.CharField()
    status = serializers.IntegerField()
    title = serializers.CharField()
    meaning = serializers.CharField()
