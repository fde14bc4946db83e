"""What one request may make others wait for: then it is given up, and nothing was done."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import orjson
import pytest

from governance.models import Event
from registry import listing, lookup, memo, naming, weight
from registry.listing import Listed
from registry.lookup import Stored
from registry.naming import SubjectName, qualify
from registry.rest import schemas
from registry.rest.http import ListStream, RegistryRequest
from registry.rest.lists import list_answer
from registry.weight import TooHeavy
from tests.registry.rest.conftest import Wire, record

LONG = "d" * 60_000
MANY = 12  # of these are more than a share


@pytest.fixture
def full(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """A subject of versions that are long together, none of which is remembered."""
    for number in range(MANY):
        fields = [(f"f{number}", "int", 0)]
        assert wire.register("s", record("R", *fields, doc=LONG)).status == 200
    monkeypatch.setattr(memo, "_MEMO", memo._Memo(memo.BYTES))
    return wire


@pytest.fixture
def shared() -> Iterator[None]:
    with weight.shared():
        yield


SMALL = {"schema": orjson.dumps(record("R")).decode()}


def test_a_check_with_few_versions_is_light(full: Wire, shared: None) -> None:
    assert full.post("/compatibility/subjects/s/versions", SMALL).json == {"is_compatible": True}
    assert full.register("s", record("R", ("x", "int", 0))).json["version"] == MANY + 1


def test_a_check_with_all_of_many_is_given_up(full: Wire, shared: None) -> None:
    full.put("/config/s", {"compatibility": "FULL_TRANSITIVE"})
    with pytest.raises(TooHeavy):
        full.post("/compatibility/subjects/s/versions", SMALL)
    assert full.get("/subjects/s/versions/1").status == 200  # others go on


def test_a_registration_that_is_given_up_has_done_nothing(full: Wire, shared: None) -> None:
    full.put("/config/s", {"compatibility": "FULL_TRANSITIVE"})
    before = Event.objects.count()
    with pytest.raises(TooHeavy):
        full.register("s", record("R"))
    assert len(lookup.versions(qualify("s"))) == MANY
    assert Event.objects.count() == before


def test_where_there_is_room_it_is_done(full: Wire) -> None:
    full.put("/config/s", {"compatibility": "FULL_TRANSITIVE"})
    assert full.post("/compatibility/subjects/s/versions", SMALL).json == {"is_compatible": True}


def test_what_is_remembered_is_not_read_again(wire: Wire) -> None:
    text = orjson.dumps(record("Remembered", doc=LONG)).decode()
    for _ in range(MANY + 1):
        with weight.shared():
            memo.parse("AVRO", text, strict=True)
    with weight.shared():
        for _ in range(MANY + 1):
            memo.parse("AVRO", text, strict=True)


def test_a_long_list_is_sent_while_it_is_made(full: Wire) -> None:
    assert [one["version"] for one in full.get("/schemas").json] == [*range(1, MANY + 1)]
    items = [{"text": "x" * 1000, "number": number} for number in range(3_000)]
    long = list_answer(items, lambda item: item)
    assert isinstance(long, ListStream)
    assert orjson.loads(long.getvalue()) == items


@pytest.mark.parametrize("items", [[], [1], [{"a": 1}, "b", 3]])
def test_a_short_list_is_sent_at_once(items: list[object]) -> None:
    short = list_answer([*items, "left out"], lambda item: None if item == "left out" else item)
    assert orjson.loads(short.getvalue()) == items
    assert not short.streaming


def test_a_list_that_turns_out_heavy_is_whole_all_the_same(full: Wire, shared: None) -> None:
    listed = full.get("/schemas?findTags=*").json
    assert [one["version"] for one in listed] == [*range(1, MANY + 1)]


def test_what_went_while_a_list_was_made_is_left_out(wire: Wire) -> None:
    wire.register("r", record("R"))
    user = record("U", ("r", "R"))
    references = [{"name": "R", "subject": "r", "version": 1}]
    for name in ("a", "b", "c"):
        wire.register(name, {**user, "doc": name}, references=references)
    names: list[str] = []

    def shaped(one: Listed) -> str | None:
        if not names:  # the three are loaded already
            for path in ("b", "b?permanent=true"):
                assert wire.delete(f"/subjects/{path}").status == 200
        names.append(one.stored.subject.name)
        return names[-1] if schemas._listed(one, request) else None

    request = RegistryRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO()})
    asked = listing.Asked(naming.prefix("", None))
    listed = list_answer(listing.schemas(asked), shaped)
    assert orjson.loads(listed.getvalue()) == ["a", "c", "r"]


def test_what_an_answer_needs_after_the_deed_is_not_weighed(full: Wire, shared: None) -> None:
    schema = record("R", ("more", "int", 0), doc="x" * 60_000)
    body = {"schema": orjson.dumps(schema).decode()}
    for _ in range(3):  # the same is answered again, however often it is asked for
        made = full.post("/subjects/s/versions?format=resolved", body)
        assert made.json["version"] == MANY + 1


def test_a_batch_is_done_where_there_is_room(full: Wire, shared: None) -> None:
    with pytest.raises(TooHeavy):
        full.post("/associations:batchMutate", {"requests": [{"associations": []}]})


def test_texts_come_in_order_and_in_batches(full: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    several = lookup.several

    def counted(keys: list[tuple[SubjectName, int]]) -> dict[tuple[SubjectName, int], Stored]:
        loaded.append(len(keys))
        return several(keys)

    monkeypatch.setattr(lookup, "several", counted)
    monkeypatch.setattr(lookup, "BATCH_BYTES", 4 * len(LONG))
    heads = lookup.heads(qualify("s"))
    texts = lookup.with_texts(heads)
    assert next(texts).version == MANY
    assert loaded == [1]
    assert [one.version for one in texts] == [*range(MANY - 1, 0, -1)]
    assert loaded == [1, 3, 3, 3, 2]
    assert lookup.with_text(heads[0]) == lookup.find_version(qualify("s"), MANY)
