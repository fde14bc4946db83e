"""Lists that may be long: answered at once where they are short, else sent while they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeVar

import orjson
from django.http import HttpResponse

from registry.rest.http import V1, ListStream, Response
from registry.weight import TooHeavy

AT_ONCE: Final = 2**20  # bytes of a list that are held in memory
T = TypeVar("T")


def list_answer(
    found: Iterable[T], shape: Callable[[T], object], *, weighty: bool = False
) -> Response:
    """A JSON list; one that is long, or takes long to make, is sent while it is made.

    What has the shape None is left out. `weighty` says that shaping may have to read schemas.
    """
    rest = iter(found)
    parts: list[bytes] = []
    size = 0
    for one in rest:
        try:
            shaped = shape(one)
        except TooHeavy:
            return ListStream(_joined(parts, chain([one], rest), shape), weighty=weighty)
        if shaped is not None:
            parts.append(orjson.dumps(shaped))
            size += len(parts[-1])
        if size > AT_ONCE:
            return ListStream(_joined(parts, rest, shape), weighty=weighty)
    return HttpResponse(b"[" + b",".join(parts) + b"]", content_type=V1)


def _joined(
    parts: Sequence[bytes], rest: Iterable[T], shape: Callable[[T], object]
) -> Iterator[bytes]:
    yield b"[" + b",".join(parts)
    before = b"," if parts else b""
    for one in rest:
        shaped = shape(one)
        if shaped is not None:
            yield before + orjson.dumps(shaped)
            before = b","
    yield b"]"
