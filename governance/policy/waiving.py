"""What a waiver changes in what a policy says: one objection, of one policy, to one object.

A waiver in force lets the object pass. One that is asked for in the same request turns a refusal
into the question to whoever may grant it, so that both are decided together. Two things it never
lifts: a policy that could not be evaluated, and one whose owner allows no waiver. Hard rules of
kinds are no policies and never come here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from governance.policy.evaluate import Severity, Verdict

Target = tuple[str, str, str, str]  # policy, kind, place, name


@dataclass(frozen=True, slots=True)
class Granted:
    """A waiver in force. `until` is its last day."""

    until: date
    by: str
    request_id: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A waiver that the same request asks for."""

    until: date
    reason: str


def judged(verdict: Verdict, waiver: Granted | Asked | None) -> Verdict:
    """The verdict with the waiver considered that there is for this policy and object."""
    if waiver is None or verdict.passed or verdict.severity == Severity.INFO:
        return verdict
    if verdict.failed:
        return replace(
            verdict,
            way_out=f"{verdict.way_out} A waiver does not help: it spares an object what a policy "
            "says, and this one could not say anything.".strip(),
        )
    if not verdict.waiver:
        return replace(
            verdict,
            way_out=f"{verdict.way_out} This policy can no longer be waived.".strip(),
        )
    if isinstance(waiver, Granted):
        return replace(
            verdict, passed=True, message="", way_out="", waiver="", waived=in_words(waiver)
        )
    return _decided_with(verdict, waiver)


def in_words(granted: Granted) -> str:
    """ "Waived until 1 March 2027 by Mara Kovac, request #12." """
    return f"Waived until {day(granted.until)} by {granted.by}, request #{granted.request_id}."


def day(when: date) -> str:
    """A day as people write it: "1 March 2027"."""
    return f"{when.day} {when:%B %Y}"


def _decided_with(verdict: Verdict, asked: Asked) -> Verdict:
    """A refusal becomes the question to who may grant; whom the policy asks anyway is still asked,
    since the change of today is not spared by a waiver that nobody has granted yet."""
    words = f"{verdict.message} A waiver until {day(asked.until)} is asked for: {asked.reason}"
    if verdict.severity == Severity.DENY:
        return replace(
            verdict,
            severity=Severity.APPROVAL,
            approver=verdict.waiver,
            message=words,
            way_out="",
            waiver="",
        )
    return replace(verdict, message=words, waiver="")
