"""Who uses whom around a version."""

from __future__ import annotations

import pytest

from governance.actors import system_actor
from registry import graph, lookup, store
from registry.candidates import Asked
from registry.formats.base import Reference
from registry.naming import LATEST, qualify
from registry.views import picture
from tests.registry.rest.conftest import record, text_of

pytestmark = pytest.mark.django_db
BY = system_actor()


def register(name: str, *uses: str) -> None:
    fields: list[tuple[object, ...]] = [(f"f{n}", other) for n, other in enumerate(uses)]
    held = len(lookup.versions(qualify(name)))
    fields += [(f"more{n}", "string", "") for n in range(held)]  # so that versions differ
    references = tuple(Reference(other, other, 1) for other in uses)
    store.register(
        qualify(name),
        Asked(text_of(record(qualify(name).name, *fields)), references=references),
        by=BY,
    )


def around(name: str) -> graph.Graph:
    found = lookup.find_version(qualify(name), LATEST)
    assert found is not None
    return graph.around(found)


def told(found: graph.Graph, *, uses: bool) -> list[tuple[str, int]]:
    return [(n.subject.name, abs(n.column)) for n in found.column(uses=uses)]


def test_both_directions_and_through_others() -> None:
    register("Leaf")
    register("Branch", "Leaf")
    register("Tree", "Branch", "Leaf")
    register("Wood", "Tree")
    leaf = around("Leaf")
    assert told(leaf, uses=True) == []
    assert told(leaf, uses=False) == [("Branch", 1), ("Tree", 1), ("Wood", 2)]
    tree = around("Tree")
    assert told(tree, uses=True) == [("Branch", 1), ("Leaf", 1)]
    assert told(tree, uses=False) == [("Wood", 1)]
    assert tree.whole
    pairs = {(user[0].name, used[0].name) for user, used in tree.edges}
    assert pairs == {("Wood", "Tree"), ("Tree", "Branch"), ("Tree", "Leaf"), ("Branch", "Leaf")}


def test_the_newest_of_several_versions_stands_for_all() -> None:
    register("Leaf")
    register("Branch", "Leaf")
    register("Branch", "Leaf")
    (user,) = around("Leaf").column(uses=False)
    assert (user.subject.name, user.version) == ("Branch", 2)


def test_many_versions_of_one_user_hide_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MOST_USERS", 3)
    register("Leaf")
    for _ in range(5):
        register("Aaa", "Leaf")
    register("Zzz", "Leaf")
    found = around("Leaf")
    assert told(found, uses=False) == [("Aaa", 1), ("Zzz", 1)]
    assert found.whole


def test_of_one_context_others_take_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MOST", 3)
    register(":.prod:Leaf")
    for name in (":.aaa:A", ":.aaa:B", ":.aaa:C", ":.prod:Mine"):
        fields = [("f", "Leaf")]
        uses = (Reference("Leaf", ":.prod:Leaf", 1),)
        asked = Asked(text_of(record(qualify(name).name, *fields)), references=uses)
        store.register(qualify(name), asked, by=BY)
    leaf = lookup.find_version(qualify(":.prod:Leaf"), LATEST)
    assert leaf is not None
    assert not graph.around(leaf).whole
    mine = graph.around(leaf, ".prod")
    assert told(mine, uses=False) == [("Mine", 1)]
    assert mine.whole


def test_more_than_fit_are_cut_and_it_is_said() -> None:
    register("Leaf")
    for number in range(graph.MOST + 5):
        register(f"User{number:03}", "Leaf")
    found = around("Leaf")
    assert len(found.nodes) == graph.MOST
    assert not found.whole


def test_a_chain_is_followed_so_far_and_no_further() -> None:
    register("S0")
    for number in range(graph.DEEPEST + 2):
        register(f"S{number + 1}", f"S{number}")
    found = around(f"S{graph.DEEPEST + 2}")
    assert len(found.column(uses=True)) == graph.DEEPEST
    assert not found.whole


def test_boxes_do_not_lie_on_each_other() -> None:
    register("Leaf")
    for name in ("A", "B", "C"):
        register(name, "Leaf")
    drawn = picture.drawn(around("Leaf"))
    spots = {(box.x, box.y) for box in drawn.boxes}
    assert len(spots) == len(drawn.boxes) == 4
    for box in drawn.boxes:
        assert 0 <= box.x <= drawn.width - drawn.box_width
        assert 0 <= box.y <= drawn.height - drawn.box_height
    assert [box.name for box in drawn.boxes if box.current] == ["Leaf"]
    assert len(drawn.lines) == 3
