"""Notices, how one wants to be told, and webhooks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Strict
from governance.models import Delivery, DeliveryState, Hook, NoticeChoice, Notification
from governance.notices.table import FOR_HOOKS, SORTS, Channel, Happening, channel_of

SORT_CHOICES = [(sort.value, sort.value) for sort in SORTS]
CHANNELS = [(channel.value, channel.value) for channel in Channel]
HAPPENINGS = [(h.value, h.value) for h in Happening]
HOOK_HAPPENINGS = [(h.value, h.value) for h in FOR_HOOKS]


class NoticeShown(serializers.ModelSerializer[Notification]):
    """One thing that its reader was told. `request` is null where it is about none."""

    happening = serializers.ChoiceField(choices=HAPPENINGS, read_only=True)
    sort = serializers.ChoiceField(choices=SORT_CHOICES, read_only=True)
    request = serializers.IntegerField(source="request_id", read_only=True, allow_null=True)
    unread = serializers.BooleanField(read_only=True)

    class Meta:
        model = Notification
        fields = [
            "id",
            "happening",
            "sort",
            "request",
            "who",
            "sentence",
            "title",
            "detail",
            "url",
            "why",
            "created_at",
            "read_at",
            "unread",
        ]
        read_only_fields = fields


class ReadIn(Strict):
    """Which notices were read: these, or with `until` all up to that id."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=None,
        allow_null=True,
        max_length=1_000,
    )
    until = serializers.IntegerField(
        required=False, default=None, allow_null=True, min_value=1, max_value=2**63 - 1
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["ids"] is None) == (attrs["until"] is None):
            raise serializers.ValidationError({"ids": "Send either ids or until."})
        return attrs


class ReadShown(serializers.Serializer[Any]):
    """How many were unread until now."""

    marked = serializers.IntegerField()


class ChoiceShown(serializers.Serializer[NoticeChoice]):
    """How the caller is told: a channel for each sort, and when her digest comes."""

    channels = serializers.SerializerMethodField()
    digest_hour = serializers.IntegerField()
    time_zone = serializers.CharField()

    def get_channels(self, chosen: NoticeChoice) -> dict[str, str]:
        return {sort.value: channel_of(sort, chosen.channels).value for sort in SORTS}


class ChoiceIn(Strict):
    """How the caller wants to be told; a sort that is left out keeps its channel."""

    channels = serializers.DictField(
        child=serializers.ChoiceField(choices=CHANNELS), required=False, default=dict
    )
    digest_hour = serializers.IntegerField(min_value=0, max_value=23)
    time_zone = serializers.CharField(max_length=64)


class HookShown(serializers.ModelSerializer[Hook]):
    """A webhook without its secrets: of an address only scheme and host. `team` is null for one of
    the whole installation."""

    team = serializers.SlugField(source="team.slug", read_only=True, allow_null=True, default=None)
    host = serializers.SerializerMethodField()
    happenings = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_by = PersonShown(read_only=True, allow_null=True)

    class Meta:
        model = Hook
        fields = [
            "id",
            "name",
            "team",
            "scheme",
            "host",
            "happenings",
            "created_by",
            "created_at",
            "paused_at",
            "paused_why",
            "failures",
        ]
        read_only_fields = fields

    def get_host(self, hook: Hook) -> str:
        return urlsplit(hook.address).netloc if hook.signed else ""


class HookMadeShown(serializers.Serializer[Any]):
    """A new webhook. `secret` signs its deliveries and is shown in this answer only; a repeated
    call gets null, and so does one of a chat service, which has none."""

    hook = HookShown()
    secret = serializers.CharField(allow_null=True)


class HookIn(Strict):
    """Where to, and what of."""

    name = serializers.CharField(max_length=120)
    team = serializers.SlugField(
        max_length=63,
        required=False,
        default=None,
        allow_null=True,
        help_text="Null for one of the whole installation.",
    )
    address = serializers.CharField(max_length=2000, help_text="https://…, or as slack://….")
    happenings = serializers.ListField(
        child=serializers.ChoiceField(choices=HOOK_HAPPENINGS),
        required=False,
        default=list,
        max_length=50,
        help_text="None means all.",
    )


class DeliveryShown(serializers.ModelSerializer[Delivery]):
    """Something that was sent to a webhook, or is to be."""

    request = serializers.IntegerField(source="request_id", read_only=True, allow_null=True)
    happening = serializers.ChoiceField(choices=HAPPENINGS, read_only=True)
    state = serializers.ChoiceField(choices=DeliveryState.choices, read_only=True)

    class Meta:
        model = Delivery
        fields = [
            "id",
            "happening",
            "request",
            "state",
            "attempts",
            "last_error",
            "created_at",
            "next_attempt_at",
            "settled_at",
        ]
        read_only_fields = fields
