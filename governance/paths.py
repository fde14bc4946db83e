"""One value of a spec by its path: ``partitions``, ``configs.retention.ms``; pure."""

from __future__ import annotations

from collections.abc import Mapping

Json = Mapping[str, object]


def has(spec: Json, path: str) -> bool:
    """Whether the path names a value that can be set: a member, or one of a member that holds
    pairs, whether or not it is there yet."""
    if path in spec:
        return not isinstance(spec[path], Mapping | list)
    head, dot, rest = path.partition(".")
    return bool(dot and rest) and isinstance(spec.get(head), Mapping)


def with_value(spec: Json, path: str, value: object) -> dict[str, object]:
    """The spec with that one value. Raises KeyError for a path that `has` does not know."""
    if not has(spec, path):
        raise KeyError(path)
    if path in spec:
        return {**spec, path: value}
    head, _, rest = path.partition(".")
    pairs = spec[head]
    assert isinstance(pairs, Mapping)  # noqa: S101 -- `has` looked
    return {**spec, head: {**pairs, rest: value}}
