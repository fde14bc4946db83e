"""What the server says of itself: tools take it as a health check and a version."""

from __future__ import annotations

from hashlib import sha1
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.http import HttpResponse

from registry.rest.http import RegistryRequest, answer, resource

# The level of the wire API that is emulated, for clients that look.
VERSION: Final = "8.0.0"
GROUP: Final = "schema-registry"


def _root(request: RegistryRequest) -> HttpResponse:
    return answer({})


def _id(request: RegistryRequest) -> HttpResponse:
    """No Kafka stands behind the store, so the cluster's id is one that stays the same."""
    clusters = {
        "kafka-cluster": str(uuid5(NAMESPACE_URL, settings.REGISTRY_URL)),
        "schema-registry-cluster": GROUP,
    }
    return answer({"scope": {"path": [], "clusters": clusters}})


def _version(request: RegistryRequest) -> HttpResponse:
    commit = sha1(VERSION.encode(), usedforsecurity=False).hexdigest()
    return answer({"version": VERSION, "commitId": commit})


def _deployment(request: RegistryRequest) -> HttpResponse:
    return answer({"attributes": []})


root = resource(GET=_root, POST=_root)
identity = resource(GET=_id)
version = resource(GET=_version)
deployment = resource(GET=_deployment)
