"""From what was typed to items."""

from __future__ import annotations

import pytest

from governance import kinds
from governance.errors import Invalid, Refused
from governance.kinds import ItemView
from governance.services.items import MAX_ITEMS, NewItem, dependencies, must_read, read_items
from tests.factories import make_environment
from tests.toy.kind import Toy


class Sticker(Toy):
    """A second toy kind, which comes after toys."""

    name = "sticker"
    depends_on = frozenset({"toy"})


@pytest.fixture
def stickers() -> object:
    kinds.register(Sticker())
    yield
    kinds.unregister("sticker")


def view(position: int, kind: str, name: str) -> ItemView:
    return ItemView(position, kind, "create", name, "shelf-production", {"colour": "red"})


@pytest.mark.usefixtures("stickers")
@pytest.mark.parametrize(
    ("names", "waits_for"),
    [
        (["toy:bear", "sticker:bear"], [0]),
        (["toy:bear", "sticker:bear-value"], [0]),
        (["toy:bear", "toy:bear-x", "sticker:bear-x-value"], [0, 1]),
        (["toy:bear", "sticker:bearish"], []),
        (["toy:bear", "sticker:fox-value"], []),
    ],
)
def test_an_item_waits_for_what_it_is_about(names: list[str], waits_for: list[int]) -> None:
    items = [view(n, *name.split(":")) for n, name in enumerate(names)]
    assert dependencies(items)[len(names) - 1] == waits_for


@pytest.mark.usefixtures("stickers")
def test_kinds_come_in_the_order_of_their_dependence() -> None:
    assert kinds.in_order(["sticker", "toy"]) == ["toy", "sticker"]


def new(name: str = "bear", **changed: str) -> NewItem:
    given = {"kind": "toy", "operation": "create", "place": "shelf-production", **changed}
    return NewItem(name=name, after={"colour": given.pop("colour", "red")}, **given)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("item", "path", "words"),
    [
        (new(kind="car"), "kind", "no kind 'car'"),
        (new(operation="burn"), "operation", "no operation 'burn'"),
        (new(place="shelf-moon"), "place", "no place 'shelf-moon'"),
        (new(colour="puce"), "colour", "colour 'puce'"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_a_way_out(
    item: NewItem, path: str, words: str
) -> None:
    make_environment("production")
    typed = read_items([item], team="payments")
    (problem,) = typed.problems
    assert (problem.path, problem.position) == (path, 0)
    assert words in problem.message
    assert problem.way_out
    with pytest.raises(Refused):
        must_read([item], team="payments")


@pytest.mark.django_db
def test_one_request_does_not_change_one_thing_twice() -> None:
    make_environment("production")
    (problem,) = read_items([new(), new(colour="blue")], team="payments").problems
    assert "both change bear" in problem.message


@pytest.mark.django_db
def test_items_of_two_environments_are_two_requests() -> None:
    make_environment("production")
    make_environment("staging")
    typed = read_items([new(), new("fox", place="shelf-staging")], team="payments")
    assert typed.environment is None
    assert "production, staging" in typed.problems[0].message


@pytest.mark.django_db
def test_too_many_and_no_items_are_refused() -> None:
    with pytest.raises(Invalid, match="2,000 items at most"):
        read_items([new()] * (MAX_ITEMS + 1), team="payments")
    with pytest.raises(Invalid, match="at least one"):
        must_read([], team="payments")
