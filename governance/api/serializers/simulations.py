"""Simulations: a draft in, what it would say of all there is out."""

from __future__ import annotations

from rest_framework import serializers

from governance.api.serializers.rules import PolicyVersionIn
from governance.api.shapes import Strict
from governance.models import Simulation, SimulationState


class PolicyDraftIn(PolicyVersionIn):
    """A draft of a policy, by its members."""

    name = serializers.CharField(max_length=80)
    activate = None  # type: ignore[assignment]  # nothing of a draft is put in force


class SimulationIn(Strict):
    """A draft to try out: its members, or a YAML file that holds one policy."""

    policy = PolicyDraftIn(required=False)
    yaml = serializers.CharField(max_length=100_000, required=False)


class SimulationShown(serializers.ModelSerializer[Simulation]):
    """A simulation: where it stands, and what it found."""

    state = serializers.ChoiceField(choices=SimulationState.choices, read_only=True)
    draft = serializers.DictField(read_only=True)
    found = serializers.DictField(
        read_only=True, help_text="Counts by source, examples by change, teams hit most."
    )

    class Meta:
        model = Simulation
        fields = [
            "id",
            "policy",
            "kind",
            "draft",
            "against",
            "author_name",
            "state",
            "judged",
            "found",
            "failure",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields
