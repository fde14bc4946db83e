"""Subjects and their versions, as the management API shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from registry.lookup import Stored
from registry.models import Subject
from registry.naming import SubjectName


class SubjectShown(serializers.Serializer[Subject]):
    """A subject as lists show it. `subject` is the name by which clients know it."""

    subject = serializers.SerializerMethodField()
    context = serializers.CharField(source="context.name")  # type: ignore[assignment]  # a value of the answer
    name = serializers.CharField()
    versions = serializers.IntegerField(source="live")
    latest = serializers.IntegerField()
    type = serializers.CharField()
    changed_at = serializers.DateTimeField()
    registered_by = serializers.CharField(source="by")

    def get_subject(self, subject: Subject) -> str:
        return str(SubjectName(subject.context.name, subject.name))


class ReferenceShown(serializers.Serializer[Any]):
    """A schema that this one uses."""

    name = serializers.CharField(source="wire.name")
    subject = serializers.CharField(source="wire.subject")
    version = serializers.IntegerField(source="wire.version")


class SubjectVersionShown(serializers.Serializer[Stored]):
    """One version with its schema."""

    version = serializers.IntegerField()
    schema_id = serializers.IntegerField()
    guid = serializers.CharField()
    type = serializers.CharField()
    schema = serializers.CharField(source="text")
    references = ReferenceShown(many=True)
    registered_at = serializers.DateTimeField(source="at")
    registered_by = serializers.CharField(source="by")
    request = serializers.IntegerField(source="request_id", allow_null=True)


class SubjectPageShown(serializers.Serializer[Any]):
    """A subject with what is in force for it and its versions, newest first."""

    subject = serializers.CharField()
    context = serializers.CharField()  # type: ignore[assignment]  # a value of the answer
    name = serializers.CharField()
    compatibility = serializers.CharField()
    mode = serializers.CharField()
    versions = SubjectVersionShown(many=True)
    more_versions = serializers.IntegerField(help_text="Older ones, not shown here.")
