"""Policies: what holds, what held, and new versions."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import lookups
from governance.api.base import ApiView
from governance.api.filters import Filters, Text
from governance.api.idempotency import repeatable
from governance.api.serializers import rules as shapes
from governance.errors import NotFound
from governance.models import Policy
from governance.policy.load import PolicyText
from governance.services import policies


class PolicyFilter(Filters):
    """Narrows the list of policies."""

    q = Text(method="search", label="Words of name or title.")

    class Meta:
        model = Policy
        fields: list[str] = []

    def search(self, rows: QuerySet[Policy], _name: str, value: str) -> QuerySet[Policy]:
        return rows.filter(pk__in=lookups.policies(value[:80]).values("pk"))


class PolicyView(ApiView):
    """A view about policies."""

    kind = "policy"
    queryset = Policy.objects.none()

    def page_of(self, name: str, status: int = 200) -> Response:
        """The policy with its versions."""
        found = lookups.policies().prefetch_related("versions__created_by").filter(name=name)
        policy = found.first()
        if policy is None:
            raise NotFound(f"There is no policy called {name}. See the list of policies.")
        page = {"policy": policy, "versions": policy.versions.all()}
        return self.shown(shapes.PolicyPageShown, page, status)


class PolicyList(PolicyView):
    """All policies."""

    filterset_class = PolicyFilter

    @extend_schema(operation_id="policies_list", responses=shapes.PolicyShown(many=True))
    def get(self, request: Call) -> Response:
        """All policies, by name."""
        return self.listed(lookups.policies().prefetch_related("versions"), shapes.PolicyShown)


class PolicyDetail(PolicyView):
    """One policy."""

    @extend_schema(operation_id="policies_get", responses={200: shapes.PolicyPageShown})
    def get(self, request: Call, name: str) -> Response:
        """A policy with every version there was."""
        return self.page_of(name)


class PolicyVersions(PolicyView):
    """Versions of one policy."""

    @extend_schema(
        operation_id="policies_write_version",
        request=shapes.PolicyVersionIn,
        responses={201: shapes.PolicyPageShown},
    )
    @repeatable
    def post(self, request: Call, name: str) -> Response:
        """Writes a version, of a new policy too. What says the same as the newest makes none."""
        typed = self.values(shapes.PolicyVersionIn)
        activate = typed.pop("activate")
        policies.write_version(PolicyText(name=name, **typed), by=self.actor, activate=activate)
        return self.page_of(name, 201)


class PolicyActivate(PolicyView):
    """Which version holds."""

    @extend_schema(
        operation_id="policies_activate",
        request=shapes.ActivateIn,
        responses={200: shapes.PolicyPageShown},
    )
    @repeatable
    def post(self, request: Call, name: str) -> Response:
        """Lets one version hold in place of the one that did."""
        policies.activate(name, self.values(shapes.ActivateIn)["version"], by=self.actor)
        return self.page_of(name)


class PolicyDeactivate(PolicyView):
    """Switching a policy off."""

    @extend_schema(
        operation_id="policies_deactivate",
        request=shapes.DeactivateIn,
        responses={200: shapes.PolicyPageShown},
    )
    @repeatable
    def post(self, request: Call, name: str) -> Response:
        """Lets no version hold. The reason is kept in the audit."""
        policies.deactivate(name, by=self.actor, reason=self.values(shapes.DeactivateIn)["reason"])
        return self.page_of(name)
