"""What can go wrong between Weir and whoever is told."""

from __future__ import annotations

from governance.errors import WeirError


class NotDelivered(WeirError):
    """It was not taken. The message is a sentence for the owners and never holds a secret; `final`
    says that trying again cannot help."""

    code = "not_delivered"

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class Overcome(WeirError):
    """There is nobody to tell any more, or nothing: it is left out, and that is no failure."""

    code = "overcome"
