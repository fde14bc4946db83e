"""Trying a draft of a policy out, by members or as YAML."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access
from governance.api.base import ApiView
from governance.api.idempotency import repeatable
from governance.api.serializers import simulations as shapes
from governance.errors import Invalid
from governance.models import Simulation
from governance.policy.load import PolicyText, read_policies
from governance.services import simulations


class SimulationView(ApiView):
    """A view about simulations."""

    kind = "simulation"
    queryset = Simulation.objects.none()


class SimulationList(SimulationView):
    """New simulations."""

    @extend_schema(
        operation_id="simulations_start",
        request=shapes.SimulationIn,
        responses={201: shapes.SimulationShown},
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """Lets a worker judge a draft on all that is declared and on the last 500 requests."""
        made = simulations.start(_draft(self.values(shapes.SimulationIn)), by=self.actor)
        made.refresh_from_db()
        return self.shown(shapes.SimulationShown, made, 201)


class SimulationDetail(SimulationView):
    """One simulation."""

    @extend_schema(operation_id="simulations_get", responses={200: shapes.SimulationShown})
    def get(self, request: Call, pk: int) -> Response:
        """Where it stands, and what it found. It is kept for a week."""
        return self.shown(shapes.SimulationShown, access.get_simulation(self.actor, pk))


def _draft(typed: dict[str, object]) -> PolicyText:
    members, yaml = typed.get("policy"), typed.get("yaml")
    if isinstance(members, dict) and not yaml:
        return PolicyText(**members)
    if isinstance(yaml, str) and not members:
        found = read_policies(yaml)
        if len(found) == 1:
            return found[0]
        raise Invalid(f"The file holds {len(found)} policies. Send one at a time.", path="yaml")
    raise Invalid("Send the draft as “policy” or as “yaml”, one of the two.", path="policy")
