"""What a change of owner says: read from what was typed, and what cannot be read."""

import pytest

from governance.ownership.spec import OwnershipSpec, from_json, parse


@pytest.mark.parametrize(
    ("name", "given", "spec"),
    [
        (
            "topic/payments.captured",
            {"to": "shop"},
            OwnershipSpec("topic", "payments.captured", "payments", "shop"),
        ),
        (
            "topic/payments.captured",
            {"kind": "topic", "object": "payments.captured", "from": "billing", "to": "shop"},
            OwnershipSpec("topic", "payments.captured", "billing", "shop"),
        ),
        (
            "topic/payments.*",
            {"to": "shop"},
            OwnershipSpec("topic", "payments.*", "payments", "shop"),
        ),
        ("subject/a/b", {"to": "shop"}, OwnershipSpec("subject", "a/b", "payments", "shop")),
    ],
)
def test_it_is_read_and_written_without_loss(
    name: str, given: dict[str, object], spec: OwnershipSpec
) -> None:
    read, problems = parse(given, name=name, owner="payments")
    assert (read, problems) == (spec, [])
    assert from_json(read.as_json()) == read
    assert read.name == name


@pytest.mark.parametrize(
    ("name", "given", "path"),
    [
        ("topic", {"to": "shop"}, "name"),
        ("topic/", {"to": "shop"}, "name"),
        ("/x", {"to": "shop"}, "name"),
        ("topic/x", {"to": "shop", "object": "y"}, "name"),
        ("topic/x\x00", {"to": "shop"}, "name"),
        ("topic/" + "x" * 400, {"to": "shop"}, "name"),
        ("topic/*", {"to": "shop"}, "object"),
        ("topic/x", {}, "to"),
        ("topic/x", {"to": "<b>"}, "to"),
        ("topic/x", {"to": "a\x00"}, "to"),
        ("topic/x", {"to": "x" * 64}, "to"),
        ("topic/x", {"to": "shop", "from": "a\x00"}, "from"),
        ("topic/x", {"to": "shop", "from": "no team"}, "from"),
        ("topic/x", {"to": "shop", "why": "so"}, "why"),
    ],
)
def test_what_cannot_be_read_says_where(name: str, given: dict[str, object], path: str) -> None:
    _, problems = parse(given, name=name, owner="payments")
    assert [p.path for p in problems] == [path]
    assert all("\x00" not in p.message and p.way_out for p in problems)


def test_a_star_is_a_beginning() -> None:
    spec = OwnershipSpec("topic", "payments.*", "a", "b")
    assert (spec.prefixed, spec.stem) == (True, "payments.")
    assert not OwnershipSpec("topic", "payments.x", "a", "b").prefixed
