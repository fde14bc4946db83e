"""The document of the wire API says what is served, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from config.registry_urls import RESOURCES, urlpatterns
from registry.errors import MethodNotAllowed

DOCUMENT = Path(__file__).parents[2] / "registry" / "openapi.yaml"
OWN = ("", "contexts", "contexts/<segment:name>")


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return loaded


def served() -> set[tuple[str, str]]:
    """(path, method) of every route outside of /contexts/{context}."""
    routes = {route for route, _ in RESOURCES} | set(OWN)
    found = set()
    for pattern in urlpatterns:
        route = str(pattern.pattern)
        if route not in routes:
            assert route.startswith("contexts/<segment:context>/")
            continue
        path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route)
        found |= {(path, method.lower()) for method in methods(pattern.callback)}
    return found


def methods(view: Any) -> set[str]:
    class Request:
        method = "TRACE"

    try:
        view(Request())
    except MethodNotAllowed as error:
        return set(error.allowed) - {"HEAD", "OPTIONS"}
    raise AssertionError("TRACE is served")


def test_it_covers_every_path_and_method() -> None:
    written = {(path, m) for path, item in document()["paths"].items() for m in item}
    assert written == served()


def test_every_reference_in_it_leads_somewhere() -> None:
    whole = document()
    text = DOCUMENT.read_text()
    for pointer in set(re.findall(r"'#/([\w/]+)'", text)):
        found: Any = whole
        for part in pointer.split("/"):
            found = found[part]
    ids = [how["operationId"] for item in whole["paths"].values() for how in item.values()]
    assert len(ids) == len(set(ids))
    for link in whole["components"]["links"].values():
        assert link["operationId"] in ids
