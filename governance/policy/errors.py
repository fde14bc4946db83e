"""What can be wrong with an expression."""

from __future__ import annotations


class WrongExpression(ValueError):
    """The text is no expression that may be used as a policy; the message says why."""


class EvaluationFailed(Exception):
    """The expression gave no yes or no. `unknown` names the facts that were missing."""

    def __init__(self, why: str, unknown: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.unknown = unknown
