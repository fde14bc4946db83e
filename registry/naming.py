"""Contexts and subjects: how a name on the wire is read, and written again.

A subject may be qualified, ``:.ctx:name``; the context is the text between the colons with its
leading dot, the rest is the name and may hold more colons. Anything else lies in the context that
the caller is in, which is ``.`` unless a path (``/contexts/C/…``) or a token says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from registry.errors import InvalidSubject, InvalidVersion, Malformed

DEFAULT: Final = "."
GLOBAL: Final = ".__GLOBAL"  # the place of settings above all contexts
EVERY: Final = ":*:"  # as a prefix: in whatever context
LATEST: Final = -1
MAX_VERSION: Final = 2**31 - 1
MAX_BYTES: Final = 1024  # of a qualified name; an index row of PostgreSQL holds 2,704
RESERVED: Final = frozenset({"__GLOBAL", "__EMPTY"})


@dataclass(frozen=True, slots=True, order=True)
class SubjectName:
    """A subject in its context; `str()` is the form on the wire (`name`, or `:.ctx:name`)."""

    context: str
    name: str

    def __str__(self) -> str:
        return self.name if self.context == DEFAULT else f":{self.context}:{self.name}"

    @property
    def is_context(self) -> bool:
        """Whether this names a context itself: its settings, not those of a subject."""
        return not self.name


def qualify(text: str, context: str = DEFAULT) -> SubjectName:
    """The subject that `text` names to somebody who is in `context`.

    >>> qualify(":.eu:orders")
    SubjectName(context='.eu', name='orders')
    """
    if text.startswith(":."):
        end = text.find(":", 1)
        if end < 0:
            return SubjectName(text[1:], "")
        return SubjectName(text[1:end], text[end + 1 :])
    return SubjectName(context, text)


def context_of_path(text: str) -> str:
    """The context that ``/contexts/{text}/…`` names: ``ctx``, ``.ctx`` and ``:.ctx:`` are one.

    Raises Malformed for a colon anywhere else.
    """
    name = text
    if name.startswith(":.") and name.endswith(":") and len(name) > 2:
        name = name[1:-1]
    if ":" in name:
        raise Malformed(f"Context name '{text}' is not valid: it may not contain a colon.")
    return name if name.startswith(".") else f".{name}"


def control_free(text: str) -> bool:
    """Whether the text holds no ISO control character (C0, DEL, C1)."""
    return not any(c < " " or "\x7f" <= c <= "\x9f" for c in text)


def ensure_valid(subject: SubjectName, *, settings: bool = False) -> None:
    """Refuse names that nobody may write to. Raises InvalidSubject.

    With `settings`, the name may stand for a context, or for all of them.
    """
    shown = str(subject) if len(subject.name) < 200 else f"{str(subject)[:200]}…"
    if not settings and subject.context == GLOBAL:
        raise InvalidSubject(shown)
    if subject.name in RESERVED or not control_free(str(subject)):
        raise InvalidSubject(shown)
    if len(str(subject).encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InvalidSubject(shown)
    if any("\ud800" <= c <= "\udfff" for c in str(subject)):
        raise InvalidSubject(shown.encode("utf-8", "replace").decode())


def version_number(text: str) -> int:
    """A version as a path names it: a number, or `LATEST`. Raises InvalidVersion."""
    asked = text.strip(" \t\r\n")
    if asked.lower() == "latest" or asked == "-1":
        return LATEST
    digits = asked.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise InvalidVersion(text[:100])
    number = int(digits)
    if not 1 <= number <= MAX_VERSION:
        raise InvalidVersion(text[:100])
    return number


@dataclass(frozen=True, slots=True)
class Prefix:
    """Which subjects a list asks for; `context` None means every context.

    With `open`, every context but the default one whose name begins with `context`.
    """

    context: str | None
    name: str
    open: bool = False


def prefix(text: str, context: str | None = None, *, bound: bool = False) -> Prefix:
    """How `subjectPrefix` is read by somebody in `context` (None: at the root of the server).

    At the root an empty prefix means everything, as every name begins with nothing, the qualified
    ones included; an unqualified prefix means names of the default context. Somebody who is
    `bound` to a context sees no other.
    """
    if text.startswith(EVERY):
        return Prefix(context if bound else None, text[len(EVERY) :])
    if text.startswith(":."):
        named = qualify(text)
        return Prefix(named.context, named.name, open=not bound and ":" not in text[1:])
    if context is None:
        return Prefix(None, "") if not text else Prefix(DEFAULT, text)
    return Prefix(context, text)
