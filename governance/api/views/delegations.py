"""Who decides for whom."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access
from governance.api.base import ApiView
from governance.api.filters import Filters, Flag
from governance.api.idempotency import repeatable
from governance.api.serializers import delegations as shapes
from governance.api.shapes import Nothing
from governance.models import Delegation
from governance.models.delegation import NOT_OVER
from governance.services import delegations


class DelegationFilter(Filters):
    """Narrows the list of delegations."""

    mine = Flag(method="only_mine", label="Those that the caller gave or was given.")
    standing = Flag(method="only_standing", label="Those in force or to come.")

    class Meta:
        model = Delegation
        fields: list[str] = []

    def only_mine(
        self, rows: QuerySet[Delegation], _name: str, value: bool
    ) -> QuerySet[Delegation]:
        mine = delegations.of_person(self.actor).values("pk")
        return rows.filter(pk__in=mine) if value else rows

    def only_standing(
        self, rows: QuerySet[Delegation], _name: str, value: bool
    ) -> QuerySet[Delegation]:
        return rows.filter(NOT_OVER) if value else rows


class DelegationView(ApiView):
    """A view about delegations."""

    kind = "delegation"
    queryset = Delegation.objects.none()


class DelegationList(DelegationView):
    """Delegations of the installation."""

    filterset_class = DelegationFilter

    @extend_schema(operation_id="delegations_list", responses=shapes.DelegationShown(many=True))
    def get(self, request: Call) -> Response:
        """The one that ends last first."""
        return self.listed(access.visible_delegations(self.actor), shapes.DelegationShown)

    @extend_schema(
        operation_id="delegations_give",
        request=shapes.DelegationIn,
        responses={201: shapes.DelegationShown},
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """Hands the caller's approvals over: somebody else decides in her name until then."""
        made = delegations.give(**self.values(shapes.DelegationIn), by=self.actor)
        return self.shown(shapes.DelegationShown, access.get_delegation(self.actor, made.pk), 201)


class DelegationDetail(DelegationView):
    """One delegation."""

    @extend_schema(operation_id="delegations_get", responses=shapes.DelegationShown)
    def get(self, request: Call, pk: int) -> Response:
        """Who decides for whom, as what, until when."""
        return self.shown(shapes.DelegationShown, access.get_delegation(self.actor, pk))


class DelegationRevoke(DelegationView):
    """Ending a delegation."""

    @extend_schema(
        operation_id="delegations_revoke",
        request=Nothing,
        responses={200: shapes.DelegationShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Takes it back at once, by either of the two or the platform team."""
        self.values(Nothing)
        return self.shown(shapes.DelegationShown, delegations.revoke(pk, by=self.actor))
