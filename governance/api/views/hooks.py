"""Webhooks: what there is, a new one, what was sent, and an end to one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access, lookups
from governance.actors import Actor
from governance.api.base import ApiView
from governance.api.idempotency import repeatable, repeatable_without
from governance.api.serializers import notices as shapes
from governance.api.shapes import Nothing
from governance.models import Delivery, Hook
from governance.permissions import Action, demand, teams_where
from governance.services import hooks


class HookView(ApiView):
    """A view about webhooks: for those who may see the webhooks of some team."""

    kind = "hook"
    queryset: QuerySet[Any] = Hook.objects.none()

    def enter(self, actor: Actor) -> None:
        if not teams_where(actor, Action.VIEW, self.kind):
            demand(actor, Action.VIEW, self.kind)


class HookList(HookView):
    """Webhooks of your teams, and new ones."""

    @extend_schema(operation_id="hooks_list", responses=shapes.HookShown(many=True))
    def get(self, request: Call) -> Response:
        """Webhooks that you may see, newest first."""
        return self.listed(access.visible_hooks(self.actor).order_by("-pk"), shapes.HookShown)

    @extend_schema(
        operation_id="hooks_create",
        request=shapes.HookIn,
        responses={201: shapes.HookMadeShown},
        filters=False,
    )
    @repeatable_without("secret")
    def post(self, request: Call) -> Response:
        """A new webhook. The secret that signs its deliveries is in this answer alone."""
        typed = self.values(shapes.HookIn)
        slug = typed.pop("team")
        team = access.get_team(self.actor, slug) if slug else None
        hook, secret = hooks.create(**typed, team=team, by=self.actor)
        made = {"hook": hook, "secret": secret or None}
        answer = self.shown(shapes.HookMadeShown, made, 201)
        answer["Cache-Control"] = "no-store"
        return answer


class HookDetail(HookView):
    """One webhook."""

    @extend_schema(operation_id="hooks_get", responses={200: shapes.HookShown})
    def get(self, request: Call, pk: int) -> Response:
        """A webhook, without its secrets."""
        return self.shown(shapes.HookShown, access.get_hook(self.actor, pk))

    @extend_schema(operation_id="hooks_delete", request=None, responses={204: None})
    def delete(self, request: Call, pk: int) -> Response:
        """Removes it with the list of its deliveries."""
        hooks.delete(pk, by=self.actor)
        return Response(status=204)


class HookDeliveries(HookView):
    """What was sent."""

    queryset = Delivery.objects.none()

    @extend_schema(operation_id="hooks_deliveries", responses=shapes.DeliveryShown(many=True))
    def get(self, request: Call, pk: int) -> Response:
        """Deliveries of a webhook, newest first."""
        found = access.get_hook(self.actor, pk)
        return self.listed(lookups.deliveries_of(found), shapes.DeliveryShown)


class HookTest(HookView):
    """Trying it."""

    @extend_schema(
        operation_id="hooks_test", request=Nothing, responses={202: shapes.DeliveryShown}
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Sends a test; how it ends is among its deliveries."""
        self.values(Nothing)
        return self.shown(shapes.DeliveryShown, hooks.send_test(pk, by=self.actor), 202)


class HookPause(HookView):
    """Stopping it."""

    @extend_schema(operation_id="hooks_pause", request=Nothing, responses={200: shapes.HookShown})
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Sends nothing more until it is resumed."""
        self.values(Nothing)
        return self.shown(shapes.HookShown, hooks.pause(pk, by=self.actor))


class HookResume(HookView):
    """Letting it go on."""

    @extend_schema(operation_id="hooks_resume", request=Nothing, responses={200: shapes.HookShown})
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Goes on from now; what happened meanwhile is not sent."""
        self.values(Nothing)
        return self.shown(shapes.HookShown, hooks.resume(pk, by=self.actor))
