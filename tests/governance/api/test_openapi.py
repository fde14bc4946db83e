"""The OpenAPI document: as it is committed, clean, and kept by every answer."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.stack.paths import ROOT
from governance.models import Policy, Request, ServiceToken, User
from tests.browser.estate import make_estate
from tests.factories import make_hook
from tests.governance.api.conftest import Caller
from topics.models import Drift

DOCUMENT = ROOT / "docs" / "openapi.json"
COMMAND = "manage.py spectacular --format openapi-json --file docs/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CSRF = "a" * 32


def test_the_committed_document_is_current(tmp_path: Any) -> None:
    fresh = tmp_path / "openapi.json"
    call_command(
        "spectacular", format="openapi-json", file=str(fresh), fail_on_warn=True, validate=True
    )
    assert json.loads(fresh.read_text()) == json.loads(DOCUMENT.read_text()), f"Run `{COMMAND}`."


def test_every_operation_has_a_name_a_sentence_and_problems() -> None:
    document = json.loads(DOCUMENT.read_text())
    names = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names.append(operation["operationId"])
            assert operation["description"].endswith("."), (path, method)
            problem = operation["responses"]["4XX"]["content"]["application/problem+json"]
            assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
            if method == "post" and not path.endswith(("/preview", "/test")):
                headers = [p["name"] for p in operation.get("parameters", [])]
                assert "Idempotency-Key" in headers, path
    assert len(names) == len(set(names))


@pytest.fixture
def kept_open() -> Iterator[None]:
    """Lets the connection of the test's transaction outlive calls, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.timeout(300)
def test_every_answer_keeps_to_the_document(db: None, kept_open: None) -> None:
    """Calls made up from the document, right and wrong ones, on things that are there and not."""
    real = _real()
    sent = _signed_in()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            tried += _try(operation, mode, real, sent)
    assert tried > 250


def _try(
    operation: Any, mode: GenerationMode, real: Mapping[str, list[Any]], sent: Mapping[str, Any]
) -> int:
    count = 0

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())
    def one(case: Any, there: bool) -> None:
        nonlocal count
        count += 1
        if there:
            choose = random.Random(count)  # noqa: S311  # made-up calls, the same ones each time
            for name in case.path_parameters or {}:
                known = real.get(f"{operation.path}:{name}") or real.get(name)
                if known:
                    case.path_parameters[name] = choose.choice(known)
        with transaction.atomic():
            answer = case.call(**sent)
            transaction.set_rollback(True)
        case.validate_response(answer, checks=CHECKS)

    try:
        one()
    except Unsatisfiable:  # where a call takes nothing, nothing in it can be wrong
        assert mode is GenerationMode.NEGATIVE
    return count


def _real() -> dict[str, list[Any]]:
    """Names and ids of things that are there, by parameter."""
    estate = make_estate()
    requests = list(Request.objects.values_list("pk", flat=True))
    drifts = list(Drift.objects.values_list("pk", flat=True))
    tokens = list(ServiceToken.objects.values_list("pk", flat=True))
    found: dict[str, list[Any]] = {
        "id": requests,
        "name": list(Policy.objects.values_list("name", flat=True)),
        "username": ["priya"],
        "role": ["owner", "viewer"],
        "subject": [estate.subject],
        "cluster": [estate.cluster],
        "/api/v1/teams/{slug}:slug": ["payments"],
        "slug": ["payments", estate.cluster],
        "/api/v1/topics/{cluster}/{name}:name": [estate.topic, estate.unmanaged],
    }
    for verb in ("", "/accept", "/revert", "/ignore"):
        found[f"/api/v1/drift/{{id}}{verb}:id"] = drifts
    for verb in ("", "/revoke"):
        found[f"/api/v1/tokens/{{id}}{verb}:id"] = tokens
    for verb in ("", "/deliveries", "/test", "/pause", "/resume"):
        found[f"/api/v1/hooks/{{id}}{verb}:id"] = [make_hook("payments").pk]
    return found


def _signed_in() -> dict[str, Any]:
    """What a session sends that may do nearly everything."""
    user = User.objects.get(username="priya")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    caller = Caller()
    caller.client.force_login(user)
    session = caller.client.cookies["sessionid"].value
    return {
        "cookies": {"sessionid": session, "csrftoken": CSRF},
        "headers": {"X-CSRFToken": CSRF},
    }
