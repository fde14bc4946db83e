"""Subjects and their versions, as the management API shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.shapes import Strict
from registry.formats.base import LIMITS, Change
from registry.graph import Node
from registry.lookup import Stored
from registry.naming import MAX_VERSION
from registry.queries import SubjectRow
from registry.trial import Trial


class OwnerShown(serializers.Serializer[Any]):
    """Whose it is, and why."""

    team = serializers.CharField()
    why = serializers.CharField()


class SubjectShown(serializers.Serializer[SubjectRow]):
    """A subject as lists show it. `subject` is the name by which clients know it."""

    subject = serializers.CharField(source="name")
    context = serializers.CharField(source="name.context")  # type: ignore[assignment]  # a value of the answer
    name = serializers.CharField(source="name.name")
    versions = serializers.IntegerField(source="row.live")
    latest = serializers.IntegerField(source="row.latest")
    type = serializers.CharField(source="row.type")
    owner = OwnerShown(source="belonging.owner", allow_null=True)
    changed_at = serializers.DateTimeField(source="row.changed_at")
    registered_by = serializers.CharField(source="row.by")


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
    registered_from = serializers.CharField(source="from_", help_text="An address; may be empty.")
    request = serializers.IntegerField(source="request_id", allow_null=True)


class NamingShown(serializers.Serializer[Any]):
    """How the name was made: by which strategy, out of which topic and record."""

    strategy = serializers.CharField()
    topic = serializers.CharField()
    part = serializers.CharField()
    record = serializers.CharField()


class AssociationShown(serializers.Serializer[Any]):
    """A resource that uses the subject, by the associations of the wire API."""

    resource = serializers.CharField(source="resource_name")
    namespace = serializers.CharField(source="resource_namespace")
    resource_type = serializers.CharField()
    type = serializers.CharField()
    lifecycle = serializers.CharField()


class SettingShown(serializers.Serializer[Any]):
    """A setting in force, in words, and where it comes from."""

    name = serializers.CharField()
    value = serializers.CharField()
    origin = serializers.CharField()


class SubjectPageShown(serializers.Serializer[Any]):
    """A subject with what is in force for it and its versions, newest first."""

    subject = serializers.CharField()
    context = serializers.CharField()  # type: ignore[assignment]  # a value of the answer
    name = serializers.CharField()
    compatibility = serializers.CharField()
    mode = serializers.CharField()
    settings = SettingShown(many=True)
    owner = OwnerShown(allow_null=True)
    naming = NamingShown(allow_null=True)
    associations = AssociationShown(many=True)
    versions = SubjectVersionShown(many=True)
    more_versions = serializers.IntegerField(help_text="Older ones, not shown here.")
    deleted_versions = serializers.IntegerField(help_text="Softly deleted, not shown here.")


class ChangeShown(serializers.Serializer[Any]):
    """One difference by meaning; `breaks` names directions: BACKWARD, FORWARD."""

    kind = serializers.CharField()
    path = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    breaks = serializers.SerializerMethodField()

    def get_breaks(self, change: Change) -> list[str]:
        return sorted(change.breaks)


class ComparisonShown(serializers.Serializer[Any]):
    """Two versions. `backward` and `forward` are empty where nothing stands in the way."""

    subject = serializers.CharField()
    older = serializers.IntegerField()
    newer = serializers.IntegerField()
    changes = ChangeShown(many=True)
    backward = serializers.ListField(child=serializers.CharField())
    forward = serializers.ListField(child=serializers.CharField())
    unreadable = serializers.CharField(help_text="Why they could not be compared, or empty.")


class NearShown(serializers.Serializer[Any]):
    """A version that uses another or is used by it, `distance` steps away."""

    subject = serializers.CharField()
    version = serializers.IntegerField()
    distance = serializers.SerializerMethodField()

    def get_distance(self, node: Node) -> int:
        return abs(node.column)


class ReferencesShown(serializers.Serializer[Any]):
    """Who uses whom around a version."""

    subject = serializers.CharField()
    version = serializers.IntegerField()
    uses = NearShown(many=True)
    used_by = NearShown(many=True)
    complete = serializers.BooleanField(help_text="False where there are more than are told.")


class ReferenceIn(Strict):
    """A schema that is used: its name in the text, and where it is."""

    name = serializers.CharField(max_length=1024, trim_whitespace=False)
    subject = serializers.CharField(max_length=1024, trim_whitespace=False)
    version = serializers.IntegerField(min_value=-1, max_value=MAX_VERSION)


class TrialIn(Strict):
    """A schema to try: in a subject, or after an earlier schema."""

    subject = serializers.CharField(
        max_length=1024, required=False, default="", allow_blank=True, trim_whitespace=False
    )
    earlier = serializers.CharField(
        max_length=LIMITS.text_bytes,
        required=False,
        default="",
        allow_blank=True,
        trim_whitespace=False,
    )
    type = serializers.ChoiceField(choices=["AVRO", "JSON", "PROTOBUF"], default="AVRO")
    schema = serializers.CharField(max_length=LIMITS.text_bytes, trim_whitespace=False)
    references = ReferenceIn(many=True, required=False, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs["subject"]) == bool(attrs["earlier"]):
            raise serializers.ValidationError(
                {"subject": "Name a subject or send an earlier schema, one of the two."}
            )
        return attrs


class AtLevelShown(serializers.Serializer[Any]):
    """The verdict at one level, null where not all versions that it asks for were compared;
    `against` is the version that stands in the way."""

    level = serializers.CharField()
    compatible = serializers.BooleanField(allow_null=True)
    against = serializers.IntegerField(allow_null=True)


class TrialShown(serializers.Serializer[Trial]):
    """What a try found. `level`, `compatible` and `messages` speak of the level in force, and are
    null where two texts were compared; `changes` are from the latest version, or the earlier text.
    """

    level = serializers.CharField(allow_null=True)
    compatible = serializers.BooleanField(
        source="verdict.compatible", default=None, allow_null=True
    )
    messages = serializers.ListField(
        source="verdict.words", child=serializers.CharField(), default=None, allow_null=True
    )
    mode = serializers.CharField(
        allow_null=True, help_text="Set where nothing can be registered now: READONLY and the like."
    )
    levels = AtLevelShown(many=True)
    compared = serializers.IntegerField(help_text="With how many versions.")
    more = serializers.BooleanField(help_text="Whether there are others.")
    existing = serializers.IntegerField(
        allow_null=True, help_text="The version that has this content already."
    )
    changes = ChangeShown(source="comparison.changes", many=True)
    unreadable = serializers.CharField(
        source="comparison.unreadable", help_text="Why the two could not be compared, or empty."
    )
