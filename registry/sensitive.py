"""Properties of metadata that are named sensitive: encrypted in the store, readable on the wire.

A schema's metadata lists them under `sensitive`. Clients of the registry get their values (that is
what they are kept for); rows, events and pages do not show them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from governance import secrets
from governance.secrets import SecretError
from registry.contracts import Json
from registry.errors import NotPermitted

log = structlog.get_logger(__name__)

MASK: Final = "•••"
SETTINGS: Final = ("defaultMetadata", "overrideMetadata")


def sealed(metadata: Json | None) -> Json | None:
    """Metadata as it is stored. Raises NotPermitted where this server has no key to do it with."""
    return _changed(metadata, _seal)


def opened(metadata: Json | None) -> Json | None:
    """Metadata as clients get it, from a row."""
    return _changed(metadata, _open)


def masked(metadata: Json | None) -> Json | None:
    """Metadata as people and the audit see it."""
    return _changed(metadata, lambda _: MASK)


def in_config(values: Mapping[str, object], change: Callable[[Json | None], Json | None]) -> Json:
    """A config with one of the above done to what metadata it gives."""
    result = dict(values)
    for name in SETTINGS:
        part = result.get(name)
        if isinstance(part, dict):
            result[name] = change(part)
    return result


def _changed(metadata: Json | None, change: Callable[[str], str]) -> Json | None:
    names = metadata.get("sensitive") if metadata else None
    properties = metadata.get("properties") if metadata else None
    if metadata is None or not isinstance(names, list) or not isinstance(properties, dict):
        return metadata
    hidden = set(names)
    return {
        **metadata,
        "properties": {
            name: change(value) if name in hidden else value for name, value in properties.items()
        },
    }


def _seal(value: str) -> str:
    try:
        return secrets.seal(value)
    except SecretError:
        raise NotPermitted(
            "The metadata names sensitive properties, and this server has no key to encrypt them: "
            "set WEIR_SECRET_KEYS_FILE, or leave 'sensitive' out."
        ) from None


def _open(value: str) -> str:
    """Without its key a value is lost to readers, and the rest of the schema must not be."""
    try:
        return secrets.reveal(value).reveal() if value.startswith("fernet:") else value
    except SecretError as error:
        log.error("registry_sensitive_unreadable", error=str(error))
        return MASK
