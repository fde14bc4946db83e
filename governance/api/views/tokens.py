"""Service tokens: what there is, a new one, an end to one."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access
from governance.actors import Actor
from governance.api.base import ApiView
from governance.api.idempotency import repeatable, repeatable_without
from governance.api.serializers import audit as shapes
from governance.api.shapes import Nothing
from governance.models import ServiceToken
from governance.permissions import Action, demand, teams_where
from governance.services import tokens


class TokenView(ApiView):
    """A view about tokens: for those who may see the tokens of some team."""

    kind = "token"
    queryset = ServiceToken.objects.none()

    def enter(self, actor: Actor) -> None:
        if not teams_where(actor, Action.VIEW, self.kind):
            demand(actor, Action.VIEW, self.kind)


class TokenList(TokenView):
    """Tokens of your teams, and new ones."""

    @extend_schema(operation_id="tokens_list", responses=shapes.TokenShown(many=True))
    def get(self, request: Call) -> Response:
        """Tokens that you may see, newest first; ended ones too."""
        return self.listed(access.visible_tokens(self.actor).order_by("-pk"), shapes.TokenShown)

    @extend_schema(
        operation_id="tokens_issue",
        request=shapes.TokenIn,
        responses={201: shapes.IssuedShown},
        filters=False,
    )
    @repeatable_without("secret")
    def post(self, request: Call) -> Response:
        """A new token. Its secret is in this answer and is kept nowhere."""
        typed = self.values(shapes.TokenIn)
        typed["team"] = access.get_team(self.actor, typed["team"])
        token, secret = tokens.issue(**typed, by=self.actor)
        answer = self.shown(shapes.IssuedShown, {"token": token, "secret": secret}, 201)
        answer["Cache-Control"] = "no-store"
        return answer


class TokenDetail(TokenView):
    """One token."""

    @extend_schema(operation_id="tokens_get", responses={200: shapes.TokenShown})
    def get(self, request: Call, pk: int) -> Response:
        """A token, without its secret."""
        return self.shown(shapes.TokenShown, access.get_token(self.actor, pk))


class TokenRevoke(TokenView):
    """Ending a token."""

    @extend_schema(
        operation_id="tokens_revoke", request=Nothing, responses={200: shapes.TokenShown}
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Ends the token at once."""
        self.values(Nothing)
        return self.shown(shapes.TokenShown, tokens.revoke(pk, by=self.actor))


class TokenRate(TokenView):
    """How often a token may call the registry."""

    @extend_schema(
        operation_id="tokens_rate", request=shapes.RateIn, responses={200: shapes.TokenShown}
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Gives the token a limit of its own, or takes it away. For the platform team."""
        typed = self.values(shapes.RateIn)
        return self.shown(shapes.TokenShown, tokens.set_rate(pk, **typed, by=self.actor))
