"""`manage.py audit`: what it says, how it ends, and the file of published roots."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from governance import verifier
from governance.models import Seal
from tests.governance.events import as_owner, happen, sealed

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str | Path) -> tuple[int, str]:
    """How the command ends, and what it says."""
    said = StringIO()
    try:
        call_command("audit", *(str(argument) for argument in arguments), stdout=said)
    except SystemExit as ended:
        return int(str(ended.code)), said.getvalue()
    return 0, said.getvalue()


def test_it_says_that_all_fits_and_what_waits() -> None:
    happen("a", "b")
    sealed(2)
    assert run("verify") == (0, "Intact: 2 events in 1 seals, 0 not sealed yet.\n")
    happen("c")
    ended, said = run("verify")
    assert ended == 0
    assert said.startswith("Intact: 2 events in 1 seals, 1 not sealed yet (the oldest for 0 s")


def test_damage_is_a_sentence_each_and_ends_with_1() -> None:
    first, second = happen("a", "b")
    sealed(2)
    as_owner(
        "UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'a'",
        "DELETE FROM governance_event WHERE object_id = 'b'",
    )
    ended, said = run("verify")
    assert ended == 1
    assert said.splitlines() == [
        f"tampered: Event {first} of seal 1 (thing.happened by mallory) is not what was sealed.",
        f"missing: Event {second} of seal 1 is gone.",
        "DAMAGED in 2 places (1 missing, 1 tampered): 2 events in 1 seals were read, "
        "0 not sealed yet.",
    ]


def test_json_carries_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = happen("a")
    sealed(1)
    happen("b")
    as_owner("UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'a'")
    ended, said = run("verify", "--json")
    found = json.loads(said)
    assert ended == 1
    assert (found["intact"], found["damage_count"], found["unsealed"]) == (False, 1, 1)
    assert found["counts"] == {"tampered": 1, "missing": 0, "broken": 0, "not as published": 0}
    assert found["damages"][0]["event"] == first
    assert found["oldest_unsealed"]
    assert found["last_root"] == bytes(Seal.objects.get().root).hex()
    monkeypatch.setattr(verifier, "MOST_DAMAGES", 0)
    assert "… and 1 more." in run("verify")[1]


def test_from_a_later_seal_the_one_before_is_believed() -> None:
    for name in "ab":
        happen(name)
        sealed(1)
    as_owner("UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'a'")
    assert run("verify")[0] == 1
    assert run("verify", "--from", "2") == (0, "Intact: 1 events in 1 seals, 0 not sealed yet.\n")


def test_roots_are_appended_with_number_and_time(tmp_path: Path) -> None:
    file = tmp_path / "roots"
    for name in "ab":
        happen(name)
        sealed(1)
        assert run("publish", file)[0] == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    seals = list(Seal.objects.order_by("number"))
    assert [(line["number"], line["root"]) for line in lines] == [
        (seal.number, bytes(seal.root).hex()) for seal in seals
    ]
    assert [line["sealed_at"] for line in lines] == [seal.sealed_at.isoformat() for seal in seals]
    assert run("verify", "--published", file)[0] == 0


def test_a_chain_rewritten_from_some_seal_on_differs_from_what_was_published(
    tmp_path: Path,
) -> None:
    happen("a")
    sealed(1)
    happen("b")
    sealed(1)
    file = tmp_path / "roots"
    run("publish", file)
    as_owner(
        "DELETE FROM governance_sealedevent WHERE seal_id = 2",
        "DELETE FROM governance_seal WHERE number = 2",
        "UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'b'",
    )
    assert run("verify")[0] == 0  # a shorter chain is a chain
    assert "missing: Seal 2 was published and is gone." in run("verify", "--published", file)[1]
    sealed(1)
    assert run("verify")[0] == 0  # and so is a rewritten one
    ended, said = run("verify", "--published", file)
    assert ended == 1
    assert "not as published: Seal 2 is not the one that was published." in said


def test_wrong_use_of_the_command_is_answered_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Nothing is sealed yet"):
        run("publish", tmp_path / "roots")
    with pytest.raises(CommandError, match="1 or more"):
        run("verify", "--from", "0")
    with pytest.raises(CommandError, match="cannot be read"):
        run("verify", "--published", tmp_path / "none")
    (tmp_path / "junk").write_text("[1]\n")
    with pytest.raises(CommandError, match="is not what"):
        run("verify", "--published", tmp_path / "junk")
    happen("a")
    sealed(1)
    with pytest.raises(CommandError, match="cannot be written"):
        run("publish", tmp_path)
