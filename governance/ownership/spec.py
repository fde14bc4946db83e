"""What a request says of a change of owner: which things, from whom, to whom. Plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from governance.errors import Problem

LONGEST_NAME: Final = 400
FIELDS: Final = ("kind", "object", "from", "to")
STAR: Final = "*"
_TEAM: Final = re.compile(r"[-a-zA-Z0-9_]{1,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class OwnershipSpec:
    """A change of owner as it is asked for. `thing` ends with a star where it stands for all that
    begin so; `giver` is empty for what nobody owns."""

    kind: str
    thing: str
    giver: str
    taker: str

    @property
    def name(self) -> str:
        """What requests call it."""
        return name_of(self.kind, self.thing)

    @property
    def prefixed(self) -> bool:
        """Whether it is about all that begin alike."""
        return self.thing.endswith(STAR)

    @property
    def stem(self) -> str:
        """The name, or what all names begin with."""
        return self.thing.removesuffix(STAR)

    def as_json(self) -> dict[str, object]:
        """The normal form, as requests keep it."""
        return {"kind": self.kind, "object": self.thing, "from": self.giver, "to": self.taker}


def name_of(kind: str, thing: str) -> str:
    """``<kind>/<object>``; a kind holds no slash."""
    return f"{kind}/{thing}"


def from_json(value: Mapping[str, object]) -> OwnershipSpec:
    """The spec of a normal form; judges nothing."""
    return OwnershipSpec(*(str(value.get(field) or "") for field in FIELDS))


def parse(
    given: Mapping[str, object], *, name: str, owner: str
) -> tuple[OwnershipSpec, list[Problem]]:
    """The spec that `given` asks for, and what could not be read.

    Kind and object may be left out, since the name says them; they must agree with it. `from` may
    be left out too: then it is whoever owns the thing now, `owner`.
    """
    problems = [
        Problem(str(key), f"A change of owner has no field {str(key)[:40]!r}.", f"Use {_KNOWN}.")
        for key in given
        if key not in FIELDS
    ]
    parts = [*name.split("/", 1), ""][:2]
    kind, thing = (str(given.get(key) or part) for key, part in zip(FIELDS, parts, strict=False))
    if name_of(kind, thing) != name or not kind or not thing or "\x00" in name:
        problems.append(
            Problem(
                "name",
                f"“{name[:80]}” does not name a thing that changes hands.".replace("\x00", ""),
                "Call it <kind>/<name>, as in topic/payments.captured, or topic/payments.* for all "
                "that begin so.",
            )
        )
    elif len(name) > LONGEST_NAME:
        problems.append(
            Problem("name", f"The name is longer than {LONGEST_NAME} characters.", "Shorten it.")
        )
    elif thing == STAR:
        problems.append(
            Problem(
                "object",
                "A star alone stands for everything.",
                "Say how the names begin; all that a team has goes to its successor on the page of "
                "the team.",
            )
        )
    taker = str(given.get("to") or "").strip()
    if not _TEAM.fullmatch(taker):
        said = "It is not said who takes it." if not taker else f"{taker[:63]!r} names no team."
        problems.append(Problem("to", said.replace("\x00", ""), "Name the team that takes it."))
    giver = str(given.get("from") or owner).strip()
    if giver and not _TEAM.fullmatch(giver):
        message = f"{giver[:63]!r} names no team.".replace("\x00", "")
        problems.append(Problem("from", message, "Name the team that has it, or leave it out."))
        giver = ""
    return OwnershipSpec(kind, thing, giver, taker), problems


_KNOWN = ", ".join(FIELDS)
