"""What policies say of facts: one verdict a policy, in words, with the way out.

A policy is a condition that is true when all is well. What it gives when it is not is its severity.
A policy that cannot be evaluated, or that needs a fact nobody can give, counts as *deny* and says
so: a rule that broke must stop people, not wave them through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from governance.errors import Problem
from governance.policy.errors import EvaluationFailed, WrongExpression
from governance.policy.facts import (
    Facts,
    catalog,
    fill,
    is_complete,
    known,
    placeholders,
    resolve,
    sample,
)

if TYPE_CHECKING:
    from governance.policy.expression import Program

MAX_TEXT = 1_000
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_LONGEST = {"name": 80, "kind": 40, "approver": 40, "waiver": 80, "path": 200, "owner": 120}


class Severity(StrEnum):
    """What an objection means; AUTO never objects, it approves where it holds."""

    INFO = "info"
    WARN = "warn"
    APPROVAL = "approval"
    DENY = "deny"
    AUTO = "auto"


APPROVERS = frozenset({"platform", "steward"})  # beside "owner:<team>"
SECOND = "second"  # as approver: another person of the team that owns the thing
GRANTS = "platform"  # a waiver, where the policy does not say who
NEVER = "never"  # in place of who grants a waiver: nobody does
TAKEN = frozenset({"new"})  # the address of the form
SCOPES = frozenset({"environments", "teams", "operations", "production"})


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One version of a policy, as YAML files and database rows both have it.

    `scope` limits it to ``environments``, ``teams`` (that own the thing), ``operations`` and
    ``production`` (true or false); a member that is absent or empty limits nothing. `path` is the
    field an objection stands beside. `message` and `way_out` may mention facts in braces. `waiver`
    says who may let an object be spared: an approver's role, or "never".
    """

    name: str
    version: int
    kind: str
    expression: str
    severity: str
    message: str
    way_out: str = ""
    approver: str = ""
    path: str = ""
    owner: str = ""
    scope: Mapping[str, object] = field(default_factory=dict)
    waiver: str = GRANTS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one policy said. `message` is empty where it has nothing to object.

    `failed` says that the verdict is a deny because the policy could not be evaluated; `unknown`
    names the facts it lacked. `waiver` says who could grant one against this objection, empty where
    nobody can; `waived` is the waiver that let it pass, in words.
    """

    policy: str
    version: int
    severity: str
    passed: bool
    path: str = ""
    message: str = ""
    way_out: str = ""
    owner: str = ""
    approver: str = ""
    failed: bool = False
    unknown: tuple[str, ...] = ()
    waiver: str = ""
    waived: str = ""


def _compiled(text: str) -> Program:
    # Reading expressions takes a library of 0.2 s and 10 MiB, which a process of the registry that
    # no policy governs never needs.
    from governance.policy.expression import compiled

    return compiled(text)


def evaluate(policies: Sequence[PolicyRow], facts: Facts) -> list[Verdict]:
    """One verdict for each policy whose scope covers the facts, in the order given.

    An AUTO policy gives a verdict only where it holds.
    """
    verdicts = (judge(policy, facts) for policy in policies if covers(policy, facts))
    return [verdict for verdict in verdicts if verdict is not None]


def covers(policy: PolicyRow, facts: Facts) -> bool:
    """Whether the policy's kind and scope include these facts. A scope on an unknown fact does."""
    scope = policy.scope
    return (
        _within([policy.kind], facts, "item.kind")
        and _within(scope.get("environments"), facts, "environment.name")
        and _within(scope.get("teams"), facts, "owner.team")
        and _within(scope.get("operations"), facts, "item.operation")
        and _within(
            None if scope.get("production") is None else [scope["production"]],
            facts,
            "environment.production",
        )
    )


def judge(policy: PolicyRow, facts: Facts) -> Verdict | None:
    """What one policy says, its scope left aside; None for an AUTO policy that does not hold."""
    try:
        holds = _compiled(policy.expression).holds(facts)
    except WrongExpression as error:
        return None if policy.severity == Severity.AUTO else _failure(policy, str(error))
    except EvaluationFailed as error:
        if policy.severity == Severity.AUTO:
            return None
        return _lacking(policy, error.unknown) if error.unknown else _failure(policy, error.why)
    if policy.severity == Severity.AUTO:
        return _verdict(policy, True, facts, always=True) if holds else None
    return _verdict(policy, holds, facts)


def check_policy(policy: PolicyRow) -> list[Problem]:
    """What is wrong with a policy before it is stored; `path` is the field. Empty: all is well."""
    return [
        *_check_fields(policy),
        *_check_scope(policy.scope),
        *_check_message(policy),
        *check_expression(policy.expression, policy.kind),
    ]


def check_expression(text: str, kind: str) -> list[Problem]:
    """What is wrong with an expression: unreadable, unbounded, misspelt facts, or no yes or no."""
    try:
        program = _compiled(text)
    except WrongExpression as error:
        return [Problem("expression", str(error), "Correct the expression.")]
    facts = catalog(kind)
    given = {name: sample(fact) for name, fact in facts.items()}
    missing = [path for path in program.reads.paths if not known(given, resolve(given, path)[0])]
    if missing and is_complete(kind):
        return [
            Problem(
                "expression",
                f"“{'.'.join(path)}” is no fact of a {kind}.",
                f"Facts are: {', '.join(sorted(facts))}.",
            )
            for path in sorted(missing)
        ]
    if missing:
        return []  # the kind has not said what it gives, so nothing can be tried out
    try:
        program.holds(given)
    except EvaluationFailed as error:
        if error.why in _DEPENDS_ON_VALUES:
            return []
        return [
            Problem(
                "expression",
                f"Tried out on example facts it failed: {error.why}.",
                "Compare facts with values of their own type, and give a condition.",
            )
        ]
    return []


# Failures that example facts may cause and real ones need not.
_DEPENDS_ON_VALUES = frozenset(
    {
        "it divides by zero",
        "it reads something that is not there",
        "it reads past the end of a list",
        "a number in it is out of range",
    }
)


def _verdict(policy: PolicyRow, passed: bool, facts: Facts, *, always: bool = False) -> Verdict:
    said = not passed or always
    return Verdict(
        policy=policy.name,
        version=policy.version,
        severity=policy.severity,
        passed=passed,
        path=policy.path,
        message=fill(policy.message, facts) if said else "",
        way_out=fill(policy.way_out, facts) if said else "",
        owner=policy.owner,
        approver=policy.approver,
        waiver="" if passed or policy.waiver == NEVER else policy.waiver,
    )


def _failure(policy: PolicyRow, why: str) -> Verdict:
    return _denial(
        policy,
        f"Policy {policy.name} v{policy.version} could not be evaluated and refuses: "
        f"{why.rstrip('.')}.",
        f"Ask its owner, {policy.owner or 'the platform team'}, to correct it.",
    )


def _lacking(policy: PolicyRow, unknown: tuple[str, ...]) -> Verdict:
    names = " and ".join(unknown)
    verb = "is" if len(unknown) == 1 else "are"
    return _denial(
        policy,
        f"Policy {policy.name} v{policy.version} needs {names}, which {verb} unknown here, and "
        "refuses.",
        f"Try again when it can be known, or ask {policy.owner or 'the platform team'} to let the "
        "policy handle the unknown.",
        unknown=unknown,
    )


def _denial(
    policy: PolicyRow, message: str, way_out: str, unknown: tuple[str, ...] = ()
) -> Verdict:
    return Verdict(
        policy=policy.name,
        version=policy.version,
        severity=Severity.DENY,
        passed=False,
        path=policy.path,
        message=message,
        way_out=way_out,
        owner=policy.owner,
        failed=True,
        unknown=unknown,
    )


def _within(allowed: object, facts: Facts, name: str) -> bool:
    if not isinstance(allowed, list | tuple) or not allowed or not known(facts, name):
        return True
    return facts[name] in allowed


def _check_fields(policy: PolicyRow) -> list[Problem]:
    found = [
        Problem(path, f"It is longer than {longest} characters.", "Shorten it.")
        for path, longest in _LONGEST.items()
        if len(getattr(policy, path)) > longest
    ]
    if not _NAME.fullmatch(policy.name) or policy.name in TAKEN:
        found.append(
            Problem(
                "name",
                f"“{policy.name[:80]}” cannot name a policy.",
                "Use small letters, digits and single hyphens, as in retention-limit.",
            )
        )
    if policy.severity not in set(Severity):
        found.append(
            Problem(
                "severity",
                f"“{policy.severity}” is no severity.",
                f"Choose one of: {', '.join(Severity)}.",
            )
        )
    if not policy.kind:
        found.append(Problem("kind", "It says no kind.", "Name one kind, for example topic."))
    if not policy.owner.strip():
        found.append(Problem("owner", "It has no owner.", "Say who answers for this rule."))
    asks = policy.approver == SECOND or _is_approver(policy.approver)
    if policy.severity == Severity.APPROVAL and not asks:
        found.append(
            Problem(
                "approver",
                f"“{policy.approver}” cannot be asked for approval.",
                "Choose platform, second, steward or owner:<team>.",
            )
        )
    if policy.waiver != NEVER and not _is_approver(policy.waiver):
        found.append(
            Problem(
                "waiver",
                f"“{policy.waiver}” cannot grant a waiver.",
                "Choose platform, steward, owner:<team> or never.",
            )
        )
    return found


def _is_approver(role: str) -> bool:
    return role in APPROVERS or (role.startswith("owner:") and len(role) > len("owner:"))


def _check_scope(scope: Mapping[str, object]) -> list[Problem]:
    found = [
        Problem("scope", f"“{name}” limits nothing.", f"Use any of: {', '.join(sorted(SCOPES))}.")
        for name in sorted(set(scope) - SCOPES)
    ]
    for name in sorted(SCOPES & set(scope) - {"production"}):
        value = scope[name]
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            found.append(
                Problem(f"scope.{name}", f"“{name}” is no list of names.", "Write a list.")
            )
    if not isinstance(scope.get("production"), bool | None):
        found.append(Problem("scope.production", "It is neither true nor false.", "Say which."))
    return found


def _check_message(policy: PolicyRow) -> list[Problem]:
    found = []
    if not policy.message.strip():
        found.append(
            Problem("message", "It has no message.", "Say in a sentence what it objects to.")
        )
    for path, text in (("message", policy.message), ("way_out", policy.way_out)):
        if len(text) > MAX_TEXT:
            found.append(
                Problem(path, f"It is longer than {MAX_TEXT:,} characters.", "Shorten it.")
            )
        wrong = sorted(set(placeholders(text)) - set(catalog(policy.kind)))
        if wrong and is_complete(policy.kind):
            found.append(
                Problem(
                    path,
                    f"{{{wrong[0]}}} is no fact of a {policy.kind}.",
                    f"Facts are: {', '.join(sorted(catalog(policy.kind)))}.",
                )
            )
    return found
