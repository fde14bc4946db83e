"""Records of clusters: who may write them, what is refused, and where secrets stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.errors import Conflict, Invalid, NotAllowed
from governance.models import Event
from tests.factories import make_cast, make_environment
from topics.errors import BadSecurity
from topics.services import clusters
from topics.services.clusters import ClusterSpec

pytestmark = pytest.mark.django_db

SPEC = ClusterSpec(
    name="Main",
    environment="development",
    bootstrap="a.example:9092, b.example:9092",
    security={"protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-512", "username": "weir"},
    password="hunter2-secret",
)


def test_only_the_platform_registers_clusters() -> None:
    cast = make_cast()
    make_environment("development")
    with pytest.raises(NotAllowed):
        clusters.register("main", SPEC, by=cast.owner)
    cluster = clusters.register("main", SPEC, by=cast.platform)
    assert cluster.bootstrap == "a.example:9092,b.example:9092"
    assert cluster.drift_mode == "report"
    with pytest.raises(Conflict):
        clusters.register("main", SPEC, by=cast.platform)


def test_a_password_is_sealed_in_the_row_and_absent_from_the_audit() -> None:
    cast = make_cast()
    make_environment("development")
    cluster = clusters.register("main", SPEC, by=cast.platform)
    assert cluster.password_ref.startswith("fernet:")
    assert "hunter2" not in cluster.password_ref
    assert clusters.settings_of(cluster).password == "hunter2-secret"
    clusters.change("main", replace(SPEC, name="New", password="other-secret"), by=cast.platform)
    for event in Event.objects.filter(object_kind="cluster"):
        assert "secret" not in str(event.data)
    changed = Event.objects.get(action="cluster.changed")
    assert set(changed.data["fields"]) == {"name", "password_ref"}


def test_a_change_without_a_password_keeps_the_one_that_is_there() -> None:
    cast = make_cast()
    make_environment("development")
    before = clusters.register("main", SPEC, by=cast.platform).password_ref
    after = clusters.change("main", replace(SPEC, region="x", password=None), by=cast.platform)
    assert (after.password_ref, after.region) == (before, "x")


def test_a_secret_by_reference_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    make_environment("development")
    spec = replace(SPEC, password="env:MAIN_PASSWORD")
    cluster = clusters.register("main", spec, by=cast.platform)
    with pytest.raises(BadSecurity) as missing:
        clusters.settings_of(cluster)
    assert "MAIN_PASSWORD" in missing.value.message
    monkeypatch.setenv("MAIN_PASSWORD", "from-outside")
    assert clusters.settings_of(cluster).password == "from-outside"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"bootstrap": ""}, "bootstrap"),
        ({"bootstrap": "host"}, "bootstrap"),
        ({"bootstrap": "host:99999"}, "bootstrap"),
        ({"environment": "none"}, "environment"),
        ({"profile": "none"}, "profile"),
        ({"drift_mode": "sometimes"}, "drift_mode"),
        ({"zones": 0}, "zones"),
        ({"security": {"protocol": "TELNET"}}, "security.protocol"),
        ({"security": {"protocol": "SASL_SSL"}}, "security.mechanism"),
        (
            {"security": {"protocol": "SASL_SSL", "mechanism": "PLAIN"}},
            "security.username",
        ),
        ({"security": {"protocol": "SSL", "key_file": "k"}}, "security.key_file"),
        ({"security": {"sslprotocol": "SSL"}}, "security.sslprotocol"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(change: dict[str, object], path: str) -> None:
    cast = make_cast()
    make_environment("development")
    with pytest.raises(Invalid) as refused:
        clusters.register("main", replace(SPEC, **change), by=cast.platform)  # type: ignore[arg-type]
    assert refused.value.path == path


def test_a_short_name_that_cannot_stand_in_an_address_is_refused() -> None:
    cast = make_cast()
    make_environment("development")
    for slug in ("", "Main", "a b", "-a", "x" * 64):
        with pytest.raises(Invalid):
            clusters.register(slug, SPEC, by=cast.platform)
