"""The chain notices any change; shown on random batches."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance import chain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
EVENTS = st.lists(
    st.fixed_dictionaries({"id": st.integers(0, 2**63), "action": st.text(max_size=12), "d": JSON}),
    min_size=1,
    max_size=12,
)


def root(events: list[dict[str, object]], number: int = 1, before: bytes = chain.GENESIS) -> bytes:
    return chain.seal_root(number, before, [chain.leaf(event) for event in events])


@given(EVENTS, st.data())
def test_any_change_of_an_event_changes_the_root(
    events: list[dict[str, object]], data: st.DataObject
) -> None:
    sealed = root(events)
    assert root([dict(reversed(event.items())) for event in events]) == sealed  # order of keys: no
    changed = [dict(event) for event in events]
    at = data.draw(st.integers(0, len(events) - 1))
    changed[at]["action"] = str(changed[at]["action"]) + "!"
    assert root(changed) != sealed
    assert root([*events, events[-1]]) != sealed
    assert len(events) == 1 or root(events[:-1]) != sealed
    assert root(events, number=2) != sealed
    assert root(events, before=sealed) != sealed


@given(EVENTS, st.data())
def test_swapping_two_different_events_changes_the_root(
    events: list[dict[str, object]], data: st.DataObject
) -> None:
    swapped = data.draw(st.permutations(events))
    same = [chain.leaf(e) for e in swapped] == [chain.leaf(e) for e in events]
    assert (root(swapped) == root(events)) is same


SMALL = st.fixed_dictionaries(
    {"id": st.integers(0, 99), "action": st.text(max_size=2), "d": st.none() | st.integers()}
)


@given(st.lists(st.lists(SMALL, min_size=1, max_size=4), min_size=2, max_size=3), st.data())
def test_any_edit_of_any_sealed_event_changes_every_root_from_there_on(
    batches: list[list[dict[str, object]]], data: st.DataObject
) -> None:
    """A change, a removal, an insertion or a new order, anywhere in a chain of seals."""
    before = chain_of(batches)
    edited = [list(batch) for batch in batches]
    where = data.draw(st.integers(0, len(batches) - 1))
    batch = edited[where]
    at = data.draw(st.integers(0, len(batch) - 1))
    match data.draw(st.sampled_from(["change", "remove", "insert", "reorder"])):
        case "change":
            key = data.draw(st.sampled_from(sorted(batch[at])))
            batch[at] = {**batch[at], key: data.draw(SMALL)[key]}
        case "remove":
            del batch[at]
            assume(batch)
        case "insert":
            batch.insert(at, data.draw(SMALL))
        case _:
            edited[where] = data.draw(st.permutations(batch))
    assume(
        [chain.canonical(e) for e in edited[where]] != [chain.canonical(e) for e in batches[where]]
    )
    after = chain_of(edited)
    assert after[:where] == before[:where]
    assert all(old != new for old, new in zip(before[where:], after[where:], strict=True))


def chain_of(batches: list[list[dict[str, object]]]) -> list[bytes]:
    roots, last = [], chain.GENESIS
    for number, batch in enumerate(batches, start=1):
        last = root(batch, number, last)
        roots.append(last)
    return roots


def test_an_odd_batch_is_not_the_batch_with_its_last_event_twice() -> None:
    leaves = [chain.leaf({"id": n}) for n in range(3)]
    assert chain.merkle_root(leaves) != chain.merkle_root([*leaves, leaves[-1]])


def test_an_inner_node_cannot_pass_for_an_event() -> None:
    a, b = chain.leaf({"id": 1}), chain.leaf({"id": 2})
    assert chain.merkle_root([chain.merkle_root([a, b])]) == chain.merkle_root([a, b])
    # which is why a seal is bound to its count
    assert chain.seal_root(1, chain.GENESIS, [chain.merkle_root([a, b])]) != chain.seal_root(
        1, chain.GENESIS, [a, b]
    )


def test_nothing_is_not_sealed_and_no_number_is_not_hashed() -> None:
    with pytest.raises(ValueError, match="no events"):
        chain.merkle_root([])
    with pytest.raises(ValueError, match="JSON"):
        chain.leaf({"x": float("nan")})


def test_the_canonical_form_is_pinned() -> None:
    """Sealed roots outlive releases: if this changes, every old seal looks tampered with."""
    assert chain.canonical({"b": "é", "a": [1, None, True]}) == b'{"a":[1,null,true],"b":"\\u00e9"}'
    assert chain.GENESIS.hex() == (
        "d5906f650cef33899d5653411e9b14aaf4bc174eb3052face7356e00d2207050"
    )
    assert root([{"id": 1}, {"id": 2}, {"id": 3}]).hex() == (
        "72bf28d5eb85d8117d00fa0c424ae2f26acf3d9effc8c075e3c17e2bd6cae403"
    )
