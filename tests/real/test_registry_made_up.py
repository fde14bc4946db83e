"""Calls made up from the document of the wire API, alone and in chains: none fails the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.stack.paths import ROOT
from tests.real.registry_processes import Process, database, processes

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
DOCUMENT = ROOT / "registry" / "openapi.yaml"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=8,
    stateful_step_count=12,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SUBJECT = "orders-value"
ORDER = '{"type":"record","name":"Order","fields":[{"name":"id","type":"string"}]}'
FULLER = ORDER.replace("}]}", '},{"name":"note","type":"string","default":""}]}')
EMPTY = ".empty"
RESOURCE = {"resourceName": "orders", "resourceNamespace": "lkc-1", "resourceId": "lkc-1-orders"}
WEAK = {"subject": SUBJECT, "associationType": "value", "lifecycle": "WEAK"}


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Process]:
    with database(database_url) as url, processes(url, 1) as (one,):
        yield one


@pytest.fixture(scope="module")
def document(server: Process) -> Any:
    found = schemathesis.openapi.from_path(DOCUMENT)
    found.config.update(base_url=server.url)
    return found


def furnish(server: Process, *, associated: bool = False) -> dict[str, Any]:
    """Makes sure that there is one of everything, open to changes. Returns what names it."""

    def call(method: str, path: str, body: object = None) -> Any:
        return server.call(method, path, body)[1]

    call("PUT", "/mode?force=true", {"mode": "READWRITE"})
    call("PUT", "/config", {"compatibility": "NONE", "alias": None, "compatibilityGroup": None})
    call("PUT", f"/mode/{SUBJECT}?force=true", {"mode": "READWRITE"})
    call("PUT", f"/config/{SUBJECT}", {"compatibility": "NONE", "alias": None})
    call("DELETE", f"/associations/resources/{RESOURCE['resourceId']}")
    metadata = {"properties": {"owner": "payments"}}
    call("POST", f"/subjects/{SUBJECT}/versions", {"schema": FULLER})
    made = call("POST", f"/subjects/{SUBJECT}/versions", {"schema": ORDER, "metadata": metadata})
    if associated:
        call("POST", "/associations", {**RESOURCE, "associations": [WEAK]})
    return {
        "number": made["id"],
        "guid": made["guid"],
        "subject": SUBJECT,
        "version": "latest",
        "resource": RESOURCE["resourceId"],
        "namespace": RESOURCE["resourceNamespace"],
    }


def settle(case: Any, known: dict[str, Any]) -> None:
    """Lets a call be about what is there, by somebody who may do everything."""
    context = case.operation.path.startswith("/contexts")
    known = {**known, "name": EMPTY if context else RESOURCE["resourceName"]}
    case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
    case.headers = {}


def test_every_operation_answers_well_and_never_fails(server: Process, document: Any) -> None:
    well: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for found in document.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        made = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
        for cases in [*operation.get_strategies_from_examples(), *made]:
            _try(server, operation, cases, well, tried)
    assert len(tried) > 40
    never = sorted(tried.keys() - well.keys())
    assert not never, "These never answered 2xx."


def _try(
    server: Process,
    operation: Any,
    cases: st.SearchStrategy[Any],
    well: Counter[str],
    tried: Counter[str],
) -> None:
    @BOUNDED
    @given(case=cases, there=st.booleans())
    def one(case: Any, there: bool) -> None:
        if there:
            # What is associated cannot be deleted, so it is so only where it has to be.
            settle(case, furnish(server, associated="/associations/" in operation.path))
        answer = case.call()
        tried[operation.label] += 1
        if answer.status_code < 300:
            well[operation.label] += 1
        case.validate_response(answer, checks=CHECKS)

    with suppress(Unsatisfiable):  # where a call takes nothing, nothing in it can be wrong
        one()


def test_chains_of_calls_never_fail_the_server(server: Process, document: Any) -> None:
    """What one call answers is what the next one asks for, along the links of the document."""
    followed: Counter[str] = Counter()

    class Chain(document.as_state_machine()):  # type: ignore[misc]  # made by the library
        def setup(self) -> None:
            self.known = furnish(server)

        def step(self, input: Any) -> Any:
            """A chain begins with what the document shows, on what is there: else it would end."""
            case = input.case
            case.headers = {}
            if not input.is_applied:
                settle(case, self.known)
                for body in case.operation.body:
                    case.body = (*body.examples, case.body)[0]
            return super().step(input)

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            followed[case.operation.label] += response.status_code < 300
            case.validate_response(response, checks=CHECKS)

    Chain.run(settings=settings(BOUNDED, max_examples=40))
    assert sum(followed.values()) > 100
