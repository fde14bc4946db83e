"""Settings in force, and where each comes from."""

from __future__ import annotations

from typing import Any

import pytest

from registry.inforce import in_force
from registry.naming import SubjectName
from registry.scope import Place, in_scope

SUBJECT = SubjectName(".eu", "s")
OWN: Place = (".eu", "s")
CONTEXT: Place = (".eu", "")
TOP: Place = (".__GLOBAL", "")


def told(configs: dict[Place, Any], modes: dict[Place, str] | None = None) -> dict[str, Any]:
    found = in_force(in_scope(SUBJECT, configs, modes or {}))
    return {one.name: (one.value, one.origin) for one in found}


@pytest.mark.parametrize(
    ("place", "origin"),
    [(OWN, "this subject"), (CONTEXT, "the context .eu"), (TOP, "all contexts")],
)
def test_each_place_is_named(place: Place, origin: str) -> None:
    found = told({place: {"compatibilityLevel": "FULL"}}, {place: "READONLY"})
    assert found["compatibilityLevel"] == ("FULL", origin)
    assert found["mode"] == ("READONLY", origin)


def test_the_servers_defaults_are_said_to_be_so() -> None:
    server = "the server's default"
    assert told({}) == {"compatibilityLevel": ("BACKWARD", server), "mode": ("READWRITE", server)}
    # A config without a level has the server's, not that of a place above.
    found = told({OWN: {"normalize": True}, TOP: {"compatibilityLevel": "NONE"}})
    assert found["compatibilityLevel"] == ("BACKWARD", server)
    assert found["normalize"] == ("yes", "this subject")


def test_what_the_top_level_gives_comes_from_there() -> None:
    found = told({OWN: {"compatibilityLevel": "FULL"}, (".", ""): {"validateFields": False}})
    assert found["validateFields"] == ("no", "the context .")


def test_values_of_metadata_are_counted_not_shown() -> None:
    metadata = {"properties": {"card": "secret"}, "tags": {}}
    found = told({OWN: {"defaultMetadata": metadata, "overrideRuleSet": {"domainRules": []}}})
    assert found["defaultMetadata"] == ("1 properties", "this subject")
    assert found["overrideRuleSet"] == ("none", "this subject")
