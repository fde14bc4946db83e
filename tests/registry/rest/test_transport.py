"""What holds for every path: types, methods, unknown paths, who may."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings as SettingsWrapper

from governance.actors import system_actor
from governance.models import Team
from governance.services import tokens
from registry.formats.base import LIMITS
from registry.rest.http import V1
from tests.registry.rest.conftest import Wire


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("", V1),
        ("*/*", V1),
        ("application/json", "application/json"),
        (
            "application/json, application/vnd.schemaregistry+json",
            "application/vnd.schemaregistry+json",
        ),
        (f"application/json; q=0.1, {V1}; q=0.2", V1),
        (f"application/json, {V1}; q=0.1", "application/json"),
        ("text/html, */*; q=0.1", V1),
    ],
)
def test_the_answer_has_the_type_negotiated(wire: Wire, accept: str, type_: str) -> None:
    assert wire.get("/subjects", accept=accept).headers["Content-Type"] == type_


@pytest.mark.parametrize("accept", ["text/html", "application/json; q=0"])
def test_406(wire: Wire, accept: str) -> None:
    answer = wire.get("/subjects", accept=accept)
    assert (answer.status, answer.code) == (406, 406)


@pytest.mark.parametrize(
    "type_", [V1, "application/json; charset=utf-8", "application/octet-stream", ""]
)
def test_request_types_that_are_read(wire: Wire, type_: str) -> None:
    assert wire.post("/subjects/s/versions", {"schema": '"int"'}, content_type=type_).status == 200


def test_a_body_that_is_compressed_is_told_so(wire: Wire) -> None:
    sent = gzip.compress(b'{"schema":"\\"int\\""}')
    headers = {"HTTP_CONTENT_ENCODING": "gzip"}
    answer = wire.post("/subjects/s/versions", raw=sent, headers=headers)
    assert (answer.status, answer.code) == (400, 400)
    assert "compressed" in answer.text


def test_a_nul_is_refused_and_the_text_of_one_is_not(wire: Wire) -> None:
    def register(text: str) -> int:
        metadata = {"properties": {"pattern": text}}
        return wire.register("s", '"int"', metadata=metadata).status

    assert register("[\\u0000-\\u001f]") == 200
    assert register("\0") == 400
    assert register("\\\0") == 400


def test_too_many_parameters_are_told_without_names_of_settings(wire: Wire) -> None:
    answer = wire.get("/subjects?" + "&".join(f"a{i}=1" for i in range(3_000)))
    assert answer.code == 400
    assert "2,000 parameters" in answer.text
    assert "DATA_UPLOAD" not in answer.text


def test_415(wire: Wire) -> None:
    answer = wire.post("/subjects/s/versions", {"schema": '"int"'}, content_type="text/plain")
    assert (answer.status, answer.code) == (415, 415)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/subjects/a/b",
        "/clusters",
        "/exporters",
        "/dek-registry/v1/keks",
        "/schemas/ids/abc",
    ],
)
def test_404(wire: Wire, path: str) -> None:
    answer = wire.get(path)
    assert (answer.status, answer.code) == (404, 404)


def test_405_says_what_is_allowed(wire: Wire) -> None:
    answer = wire.send("PATCH", "/subjects")
    assert (answer.status, answer.code) == (405, 405)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert wire.send("OPTIONS", "/subjects").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert wire.send("HEAD", "/subjects").status == 200


def test_root_and_server_metadata(wire: Wire) -> None:
    assert wire.get("/").json == {}
    assert wire.post("/", {"a": "b"}).json == {}
    clusters = wire.get("/v1/metadata/id").json["scope"]["clusters"]
    assert set(clusters) == {"kafka-cluster", "schema-registry-cluster"}
    assert wire.get("/v1/metadata/version").json["version"] == "8.0.0"
    assert "attributes" in wire.get("/v1/metadata/deployment").json


def test_a_path_or_query_that_cannot_be_read_is_a_client_error(wire: Wire) -> None:
    assert wire.get("/subjects/%ff/versions").status == 400
    assert wire.get("/subjects?subjectPrefix=%00").status == 400
    assert wire.get("/subjects?" + "&".join("a=b" for _ in range(3000))).status == 400


class TestAccess:
    @pytest.fixture
    def token(self, db: None, settings: SettingsWrapper) -> dict[str, str]:
        """Plain tokens by what they may; anonymous clients may nothing."""
        settings.REGISTRY_ANONYMOUS = "none"
        team = Team.objects.create(slug="payments", name="Payments")
        by, end = system_actor(), timezone.now() + timedelta(days=1)

        def issue(name: str, *scopes: str, context: str | None = None) -> str:
            return tokens.issue(
                name=name, team=team, scopes=scopes, expires_at=end, context=context, by=by
            )[1]

        return {
            "read": issue("reader", "registry:read"),
            "write": issue("writer", "registry:write"),
            "api": issue("api", "api:write"),
            "bound": issue("bound", "registry:write", context=".eu"),
        }

    def as_(self, wire: Wire, plain: str) -> Wire:
        wire.authorization = b"Bearer " + plain.encode()
        return wire

    def test_nobody_is_401_and_a_token_is_let_in(self, token: dict[str, str]) -> None:
        wire = Wire()
        refused = wire.get("/subjects")
        assert (refused.status, refused.code) == (401, 401)
        assert refused.headers["WWW-Authenticate"].startswith("Basic")
        assert self.as_(wire, token["read"]).get("/subjects").status == 200
        pair = base64.b64encode(f"anything:{token['read']}".encode())
        wire.authorization = b"Basic " + pair
        assert wire.get("/subjects").status == 200
        for header in (b"Basic %%%", b"Digest x", b"Bearer weir_nope_nope", b"Basic"):
            wire.authorization = header
            assert wire.get("/subjects").status == 401

    def test_scopes(self, token: dict[str, str]) -> None:
        body = {"schema": '"int"'}
        wire = self.as_(Wire(), token["read"])
        refused = wire.post("/subjects/s/versions", body)
        assert (refused.status, refused.code) == (403, 403)
        for path in ("/config", "/mode"):
            assert wire.put(path, {"compatibility": "NONE", "mode": "READONLY"}).status == 403
        assert wire.delete("/subjects/s").status == 403
        assert self.as_(wire, token["write"]).post("/subjects/s/versions", body).status == 200
        assert wire.get("/subjects").status == 200
        self.as_(wire, token["api"])
        guid = "00000000-0000-0000-0000-000000000000"
        for path in ("/subjects", "/schemas/types", "/contexts", f"/schemas/guids/{guid}/ids"):
            assert wire.get(path).status == 403

    def test_a_bound_token_works_in_its_context_without_qualified_names(
        self, token: dict[str, str]
    ) -> None:
        wire = self.as_(Wire(), token["write"])
        wire.post("/subjects/outside/versions", {"schema": '"long"'})
        self.as_(wire, token["bound"])
        wire.post("/subjects/s/versions", {"schema": '"int"'})
        assert wire.get("/subjects").json == [":.eu:s"]
        assert wire.get("/subjects?subjectPrefix=:*:").json == [":.eu:s"]
        assert wire.get("/schemas/ids/1").json["schema"] == '"int"'
        assert wire.get("/contexts").json == [".eu"]
        assert wire.get("/config/s?defaultToGlobal=true").status == 200
        assert wire.get("/subjects/:.us:s/versions").status == 403
        assert wire.get("/subjects/:.:outside/versions").status == 403
        assert wire.get("/contexts/us/subjects").status == 403

    def test_of_one_guid_in_two_contexts_a_bound_token_reads_its_own(
        self, token: dict[str, str]
    ) -> None:
        wire = self.as_(Wire(), token["write"])
        wire.post("/subjects/s/versions", {"schema": '"int"'})
        self.as_(wire, token["bound"])
        made = wire.post("/subjects/s/versions", {"schema": '"int"'}).json
        found = wire.get(f"/schemas/guids/{made['guid']}")
        assert (found.status, found.json["schema"]) == (200, '"int"')

    def test_a_bound_token_refers_to_nothing_outside_its_context(
        self, token: dict[str, str]
    ) -> None:
        secret = {"type": "record", "name": "Secret", "fields": []}
        wire = self.as_(Wire(), token["write"])
        wire.post("/subjects/secret/versions", {"schema": json.dumps(secret)})
        self.as_(wire, token["bound"])
        leak = {
            "schema": json.dumps(
                {"type": "record", "name": "L", "fields": [{"name": "s", "type": "Secret"}]}
            ),
            "references": [{"name": "Secret", "subject": ":.:secret", "version": 1}],
        }
        for path in (
            "/subjects/leak/versions",
            "/subjects/leak",
            "/compatibility/subjects/leak/versions",
        ):
            assert wire.post(path, leak).status == 403, path

    def test_anonymous_read_reads_only(
        self, token: dict[str, str], settings: SettingsWrapper
    ) -> None:
        settings.REGISTRY_ANONYMOUS = "read"
        wire = Wire()
        assert wire.get("/subjects").status == 200
        assert wire.post("/subjects/s/versions", {"schema": '"int"'}).status == 403

    def test_a_revoked_token_is_refused(self, token: dict[str, str]) -> None:
        wire = self.as_(Wire(), token["read"])
        assert wire.get("/subjects").status == 200
        from governance.models import ServiceToken

        tokens.revoke(ServiceToken.objects.get(name="reader").pk, by=system_actor())
        assert wire.get("/subjects").status == 401


@pytest.mark.parametrize("number", ["abc", "-+5", "1.5", "99999999999", "2147483648", "+", "٣"])
def test_a_page_that_is_no_number_is_another_path(wire: Wire, number: str) -> None:
    for name in ("offset", "limit"):
        answer = wire.get(f"/subjects?{name}={quote(number)}")
        assert (answer.status, answer.code) == (404, 404)
    assert wire.get("/subjects?offset=&limit=%2B5").status == 200


def test_50001_where_the_store_refuses(wire: Wire) -> None:
    wire.register("s", '"int"')
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_version RENAME TO registry_elsewhere")
    answer = wire.get("/subjects/s/versions/1")
    assert (answer.status, answer.code) == (500, 50001)
    assert "registry_version" not in answer.text


def test_50002_where_the_store_does_not_answer_in_time(wire: Wire) -> None:
    wire.register("s", '"int"')  # where there is nothing, no plan looks at what is slow
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_subject RENAME TO registry_fast")
        cursor.execute(
            "CREATE VIEW registry_subject AS SELECT f.* FROM registry_fast f, pg_sleep(60)"
        )
        cursor.execute("SET LOCAL statement_timeout = '10ms'")
    answer = wire.get("/subjects")
    assert (answer.status, answer.code) == (500, 50002)
    assert answer.headers["Retry-After"] == "1"


def test_42209_a_schema_that_is_too_large(wire: Wire) -> None:
    answer = wire.register("s", f'"int"{" " * LIMITS.text_bytes}')
    assert (answer.status, answer.code) == (422, 42209)
    properties = {"a": "x" * LIMITS.text_bytes}
    answer = wire.register("s", '"int"', metadata={"properties": properties})
    assert (answer.status, answer.code) == (422, 42209)
    assert wire.get("/subjects").json == []
