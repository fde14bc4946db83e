"""Names that a grant or a binding covers: one name, all that begin alike, or every name."""

from __future__ import annotations

from dataclasses import dataclass

EVERY = "*"


@dataclass(frozen=True, slots=True, order=True)
class Pattern:
    """A literal name, or with `prefixed` all names that begin with it.

    As people write it, a star ends a prefix (``payments.*``); the star alone is every name. Kafka
    knows that one as the literal name ``*``, and a prefix ``*`` would mean names that begin with a
    star, so that form is never made.
    """

    name: str
    prefixed: bool = False

    @classmethod
    def of(cls, text: str) -> Pattern:
        """The pattern that somebody wrote."""
        if text != EVERY and text.endswith(EVERY):
            return cls(text[:-1], prefixed=True)
        return cls(text)

    @property
    def every(self) -> bool:
        """Whether it covers every name."""
        return (self.name == EVERY and not self.prefixed) or (self.prefixed and not self.name)

    def covers(self, name: str) -> bool:
        """Whether it includes that name."""
        if self.every:
            return True
        return name.startswith(self.name) if self.prefixed else name == self.name

    def __str__(self) -> str:
        return f"{self.name}{EVERY}" if self.prefixed else self.name
