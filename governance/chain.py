"""The hash chain of the audit: pure functions from events to leaves, roots and seals.

A batch of events is a Merkle tree (RFC 6962: leaves and inner nodes are hashed apart, so that no
node can pass for an event); its root is bound to its number, its size and the seal before it.
Changing, removing, adding or reordering any sealed event changes every seal from there on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

_LEAF, _NODE, _SEAL = b"\x00", b"\x01", b"\x02"

GENESIS = hashlib.sha256(b"weir audit").digest()

# Made once: `json.dumps` with these options would make one for each event.
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical(event: Mapping[str, object]) -> bytes:
    """The bytes that stand for an event: JSON with sorted keys, no spaces, ASCII only.

    Raises ValueError for values that JSON has no text for (NaN).
    """
    return _JSON.encode(event).encode("ascii")


def leaf(event: Mapping[str, object]) -> bytes:
    """The hash of one event."""
    return hashlib.sha256(_LEAF + canonical(event)).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves in their order. Raises ValueError for none."""
    if not leaves:
        raise ValueError("A seal over no events would say nothing.")
    level = list(leaves)
    while len(level) > 1:
        paired = [
            hashlib.sha256(_NODE + level[i] + level[i + 1]).digest()
            for i in range(0, len(level) - 1, 2)
        ]
        # A node without a partner goes up as it is. Pairing it with itself would give two
        # different batches one root.
        level = paired + level[len(paired) * 2 :]
    return level[0]


def seal_root(number: int, previous: bytes, leaves: Sequence[bytes]) -> bytes:
    """The root of seal `number` over these leaves, linked to the root of the seal before."""
    head = number.to_bytes(8, "big") + len(leaves).to_bytes(8, "big")
    return hashlib.sha256(_SEAL + head + previous + merkle_root(leaves)).digest()
