"""Policies as YAML: the same objects as database rows, and back again without loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

import yaml

from governance.errors import Problem, Refused
from governance.policy.evaluate import GRANTS, PolicyRow, check_policy

MAX_FILE = 1_000_000
MAX_POLICIES = 1_000

_REQUIRED = ("name", "kind", "owner", "severity", "expression", "message")
_TEXTS = (*_REQUIRED, "title", "description", "approver", "waiver", "path", "way_out")
_FIELDS = frozenset({*_TEXTS, "scope"})
# The order in which a file is written: what it is about first, then the rule, then its words.
_ORDER = (
    "name", "title", "description", "kind", "owner", "severity", "approver", "waiver", "scope",
    "path", "expression", "message", "way_out",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy as somebody writes it, before it has a version."""

    name: str
    kind: str
    owner: str
    severity: str
    expression: str
    message: str
    title: str = ""
    description: str = ""
    approver: str = ""
    waiver: str = GRANTS
    path: str = ""
    way_out: str = ""
    scope: Mapping[str, object] = field(default_factory=dict)

    def row(self, version: int = 0) -> PolicyRow:
        """The same policy, ready to be evaluated."""
        return PolicyRow(
            name=self.name,
            version=version,
            kind=self.kind,
            expression=self.expression,
            severity=self.severity,
            message=self.message,
            way_out=self.way_out,
            approver=self.approver,
            waiver=self.waiver,
            path=self.path,
            owner=self.owner,
            scope=self.scope,
        )


def read_policies(text: str) -> list[PolicyText]:
    """The policies of a YAML file, checked. Raises Refused with every problem that was found."""
    problems: list[Problem] = []
    found: list[PolicyText] = []
    for position, entry in enumerate(_entries(text)):
        wrong = _shape(entry, position)
        problems += wrong
        if wrong or not isinstance(entry, Mapping):
            continue
        policy = _policy(entry)
        problems += [
            Problem(f"{policy.name}.{p.path}", f"{policy.name}: {p.message}", p.way_out, position)
            for p in check_policy(policy.row())
        ]
        if policy.name in {other.name for other in found}:
            problems.append(
                Problem("name", f"{policy.name} stands in it twice.", "Remove one.", position)
            )
        found.append(policy)
    if problems:
        raise Refused(f"The file has {len(problems)} mistakes: {problems[0].message}", problems)
    return found


def write_policies(policies: Iterable[PolicyText]) -> str:
    """The policies as YAML that reads back as the same objects; empty members are left out, and so
    is who grants waivers where it is who always does."""
    entries = []
    for policy in policies:
        values = {name: getattr(policy, name) for name in _ORDER}
        values["scope"] = dict(policy.scope)
        values["waiver"] = "" if policy.waiver == GRANTS else policy.waiver
        entries.append({name: value for name, value in values.items() if value})
    return yaml.safe_dump(
        entries, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )


def starter() -> list[PolicyText]:
    """The policies that a new installation starts with."""
    text = files("governance.policy").joinpath("starter.yaml").read_text(encoding="utf-8")
    return read_policies(text)


def _entries(text: str) -> Sequence[object]:
    if len(text) > MAX_FILE:
        raise Refused(f"The file has more than {MAX_FILE:,} characters. Split it.")
    if "&" in text and _has_anchors(text):  # an alias bomb would be expanded in memory
        raise Refused("The file uses YAML anchors, which policies do not need. Write them out.")
    try:
        entries = yaml.load(text, Loader=yaml.CSafeLoader)  # bounds nesting; also safe
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise Refused(f"The file is not YAML{where}. Correct it there.") from error
    if not isinstance(entries, list):
        raise Refused("The file is no list of policies. Start each with “- name:”.")
    if len(entries) > MAX_POLICIES:
        raise Refused(f"The file has more than {MAX_POLICIES:,} policies. Split it.")
    return entries


def _has_anchors(text: str) -> bool:
    try:
        tokens = yaml.scan(text, Loader=yaml.CSafeLoader)
        return any(isinstance(token, yaml.AnchorToken | yaml.AliasToken) for token in tokens)
    except (yaml.YAMLError, RecursionError):
        return False  # reading it says what is wrong, and where


def _shape(entry: object, position: int) -> list[Problem]:
    if not isinstance(entry, Mapping):
        return [Problem("", f"Entry {position + 1} is no policy.", "Start it with “- name:”.")]
    name = entry.get("name") or f"Entry {position + 1}"
    found = [
        Problem(str(key), f"{name}: “{key}” is no member of a policy.", "Remove it.", position)
        for key in entry
        if key not in _FIELDS
    ]
    found += [
        Problem(key, f"{name}: “{key}” is missing.", "Add it.", position)
        for key in _REQUIRED
        if not entry.get(key)
    ]
    found += [
        Problem(key, f"{name}: “{key}” is no text.", "Put it in quotes.", position)
        for key in _TEXTS
        if entry.get(key) is not None and not isinstance(entry[key], str)
    ]
    if not isinstance(entry.get("scope", {}), Mapping):
        found.append(Problem("scope", f"{name}: “scope” holds no members.", "Add some.", position))
    return found


def _policy(entry: Mapping[str, object]) -> PolicyText:
    texts = {name: str(entry.get(name) or "").strip() for name in _TEXTS}
    texts["waiver"] = texts["waiver"] or GRANTS
    scope = entry.get("scope")
    return PolicyText(**texts, scope=dict(scope) if isinstance(scope, Mapping) else {})
