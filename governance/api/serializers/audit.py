"""The audit and service tokens."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Strict
from governance.models import Event, Seal, ServiceToken
from governance.permissions import Scope

SCOPES = [(s.value, s.value) for s in Scope]


class EventShown(serializers.ModelSerializer[Event]):
    """One thing that happened. `seal` is null until the sealer has taken it."""

    data = serializers.DictField(read_only=True)  # type: ignore[assignment]  # a value of the answer
    seal = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = [
            "id",
            "at",
            "actor_kind",
            "actor_id",
            "actor_name",
            "action",
            "object_kind",
            "object_id",
            "object_name",
            "team",
            "request_id",
            "data",
            "request_uid",
            "seal",
        ]
        read_only_fields = fields

    def get_seal(self, event: Event) -> int | None:
        return event.sealed.seal_id if hasattr(event, "sealed") else None


class SealShown(serializers.ModelSerializer[Seal]):
    """A Merkle root over a batch of events, linked to the one before. Hashes are hexadecimal."""

    previous = serializers.SerializerMethodField()
    root = serializers.SerializerMethodField()  # type: ignore[assignment]  # a value of the answer

    class Meta:
        model = Seal
        fields = ["number", "previous", "root", "count", "sealed_at"]
        read_only_fields = fields

    def get_previous(self, seal: Seal) -> str:
        return bytes(seal.previous).hex()

    def get_root(self, seal: Seal) -> str:
        return bytes(seal.root).hex()


class TokenShown(serializers.ModelSerializer[ServiceToken]):
    """A token without its secret, which is kept nowhere."""

    team = serializers.SlugField(source="team.slug", read_only=True)
    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_by = PersonShown(read_only=True, allow_null=True)
    works = serializers.SerializerMethodField()

    class Meta:
        model = ServiceToken
        fields = [
            "id",
            "name",
            "team",
            "prefix",
            "scopes",
            "context",
            "registry_rate",
            "registry_burst",
            "created_by",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
            "works",
        ]
        read_only_fields = fields

    def get_works(self, token: ServiceToken) -> bool:
        ended = token.expires_at is not None and token.expires_at <= timezone.now()
        return token.revoked_at is None and not ended


class IssuedShown(serializers.Serializer[Any]):
    """A new token. `secret` is shown in this answer only; a repeated call gets null."""

    token = TokenShown()
    secret = serializers.CharField(allow_null=True)


class TokenIn(Strict):
    """What the new token is for."""

    name = serializers.CharField(max_length=120)
    team = serializers.SlugField(max_length=63)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), min_length=1, max_length=10
    )
    expires_at = serializers.DateTimeField(required=False, default=None, allow_null=True)
    context = serializers.CharField(  # type: ignore[assignment]  # a value of the body
        max_length=120, required=False, default=None, allow_null=True, help_text="Registry context."
    )


class RateIn(Strict):
    """A token's own limit at the registry; a rate of null takes that of the installation."""

    rate = serializers.IntegerField(
        min_value=0, max_value=1_000_000, allow_null=True, help_text="Requests a second; 0: any."
    )
    burst = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        required=False,
        default=None,
        allow_null=True,
        help_text="At once after a pause; twice the rate where it is left out.",
    )
