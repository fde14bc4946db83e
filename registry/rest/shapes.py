"""Objects on the wire, made from stored ones. Empty members are left out; 8.x members are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from registry import memo, tagging
from registry.associations.rows import Association
from registry.compatibility import Verdict
from registry.formats import base
from registry.listing import Listed
from registry.lookup import Stored, StoredReference
from registry.rest.http import Json, RegistryRequest, without_empty
from registry.scope import DEFAULT_LEVEL
from registry.store import Found, Registered

LEVEL: Final = "compatibilityLevel"


def schema_object(stored: Stored, request: RegistryRequest) -> Json:
    """A version as GET of a version, look-ups and lists answer it."""
    return without_empty(
        {
            "subject": str(stored.subject),
            "version": stored.version,
            "id": stored.schema_id,
            "guid": stored.guid,
            **_content(stored, request),
            "ts": _millis(stored.at),
            "deleted": stored.deleted,
            "schemaTags": tagging.found(stored, request.GET.getlist("findTags")),
        }
    )


def listed(one: Listed, request: RegistryRequest) -> Json:
    """A version as the list over all subjects answers it."""
    return without_empty(
        {
            **schema_object(one.stored, request),
            "aliases": list(one.aliases),
            "associations": [association(a) for a in one.associations],
        }
    )


def looked_up(found: Found, request: RegistryRequest) -> Json:
    """The answer to a look-up. Of what was found by its identity the wire tells no time."""
    whole = schema_object(found.stored, request)
    timeless = ("ts", "deleted") if found.exact else ()
    return {key: value for key, value in whole.items() if key not in timeless}


def schema_by_id(stored: Stored, request: RegistryRequest, max_id: int | None) -> Json:
    """A schema as GET of an id answers it, with one subject and version that hold it."""
    return without_empty(
        {
            "subject": str(stored.subject),
            "version": stored.version,
            "guid": stored.guid,
            **_content(stored, request),
            "ts": _millis(stored.at),
            "deleted": stored.deleted,
            "maxId": max_id,
            "schemaTags": tagging.found(stored, request.GET.getlist("findTags")),
        }
    )


def schema_by_guid(stored: Stored, request: RegistryRequest) -> Json:
    """A schema as GET of a guid answers it: no subject, no version, no id."""
    return without_empty(
        {
            "guid": stored.guid,
            **_content(stored, request),
            "ts": _millis(stored.at),
            "deleted": stored.deleted,
        }
    )


def registered(made: Registered, form: str = "") -> Json:
    """The answer to a registration; clients of old read `id` alone."""
    return without_empty(
        {
            "id": made.schema_id,
            "version": made.version,
            "guid": made.guid,
            "schemaType": made.type,
            "references": references(made.references),
            "metadata": made.metadata,
            "ruleSet": made.rule_set,
            "schema": rendered(made, form),
            **({"ts": _millis(made.at), "deleted": False} if made.timed and made.at else {}),
        }
    )


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def registered_in(made: Registered) -> Json:
    """A registration as the answer to an association carries it."""
    return {"subject": str(made.subject), **registered(made)}


def association(one: Association) -> Json:
    """An association as lists answer it. Frozen goes without saying where it is STRONG."""
    at = _millis(one.at)
    return {
        "subject": str(one.subject),
        "guid": str(one.guid),
        "resourceName": one.resource_name,
        "resourceNamespace": one.resource_namespace,
        "resourceId": one.resource_id,
        "resourceType": one.resource_type,
        "associationType": one.type,
        "lifecycle": one.lifecycle,
        "createTs": at,
        "updateTs": at,
    }


def _content(stored: Stored, request: RegistryRequest) -> Json:
    qualified = request.GET.get("referenceFormat", "") == "qualified"
    return {
        "schemaType": stored.type,
        "references": references(stored.references, qualified=qualified),
        "metadata": stored.metadata,
        "ruleSet": stored.rule_set,
        "schema": rendered(stored, request.GET.get("format", "")),
    }


def references(listed: Sequence[StoredReference], *, qualified: bool = False) -> list[Json]:
    """References as they were written, or with the subject's context."""
    return [
        {
            "name": r.wire.name,
            "subject": str(r.target) if qualified else r.wire.subject,
            "version": r.wire.version,
        }
        for r in listed
    ]


def rendered(stored: memo.Readable, form: str) -> str:
    """The text in the form asked for; the stored one for none, the default and unknown ones."""
    if form.lower() in ("", "default"):
        return stored.text
    return base.get(stored.type).render(memo.parsed(stored), form.lower())


def verdict(given: Verdict, *, verbose: bool) -> Json:
    """The answer of the compatibility endpoints."""
    result: Json = {"is_compatible": given.compatible}
    if verbose:
        result["messages"] = list(given.messages)
    return result


def config(values: Mapping[str, object]) -> Json:
    """A config as GET and DELETE answer it: the level is the server's default where none is set."""
    return without_empty({LEVEL: values.get(LEVEL) or DEFAULT_LEVEL.value, **_rest(values)})


def config_update(values: Mapping[str, object]) -> Json:
    """A config as PUT answers it."""
    return without_empty({"compatibility": values.get(LEVEL), **_rest(values)})


def _rest(values: Mapping[str, object]) -> Json:
    return {key: value for key, value in values.items() if key != LEVEL}
