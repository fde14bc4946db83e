"""Policies: writing a version, choosing which one holds, loading files."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max

from governance import audit
from governance.actors import Actor
from governance.errors import Invalid, NotFound, Refused
from governance.models import Policy, PolicyVersion
from governance.permissions import Action, demand
from governance.policy.evaluate import check_policy
from governance.policy.load import PolicyText, read_policies, starter


@transaction.atomic
def write_version(text: PolicyText, *, by: Actor, activate: bool = False) -> PolicyVersion:
    """A new version of the policy of that name, which is made when it is not there.

    Text that says the same as the newest version makes no new one: that one is given back. Raises
    Refused with a problem for each field that is wrong.
    """
    demand(by, Action.MANAGE_POLICIES, "policy")
    problems = check_policy(text.row())
    if problems:
        raise Refused(f"Policy {text.name} cannot be written so: {problems[0].message}", problems)
    policy, made = Policy.objects.get_or_create(
        name=text.name,
        defaults={"title": text.title, "owner": text.owner, "description": text.description},
    )
    Policy.objects.select_for_update().get(pk=policy.pk)  # two writers get two numbers
    if not made:
        _describe(policy, text, by)
    newest = policy.versions.order_by("-version").first()
    if newest is not None and same(newest, text):
        version = newest
    else:
        version = _new_version(policy, text, by)
    if activate:
        _activate(version, by)
    return version


def _describe(policy: Policy, text: PolicyText, by: Actor) -> None:
    wanted = (text.title, text.owner, text.description)
    if (policy.title, policy.owner, policy.description) == wanted:
        return
    policy.title, policy.owner, policy.description = wanted
    policy.save(update_fields=["title", "owner", "description"])
    audit.record("policy.described", by=by, about=policy, data={"owner": text.owner})


def _new_version(policy: Policy, text: PolicyText, by: Actor) -> PolicyVersion:
    last = policy.versions.aggregate(last=Max("version"))["last"] or 0
    version = PolicyVersion.objects.create(
        policy=policy,
        version=last + 1,
        kind=text.kind,
        expression=text.expression,
        severity=text.severity,
        approver=text.approver,
        waiver=text.waiver,
        scope=dict(text.scope),
        path=text.path,
        message=text.message,
        way_out=text.way_out,
        created_by_id=by.user_id,
    )
    audit.record(
        "policy.version_written",
        by=by,
        about=policy,
        data={"version": version.version, "severity": text.severity, "kind": text.kind},
    )
    return version


def text_of(version: PolicyVersion) -> PolicyText:
    """A version, loaded with its policy, as somebody writes it: a file or the form."""
    return PolicyText(
        name=version.policy.name,
        title=version.policy.title,
        description=version.policy.description,
        kind=version.kind,
        owner=version.policy.owner,
        severity=version.severity,
        expression=version.expression,
        message=version.message,
        approver=version.approver,
        waiver=version.waiver,
        path=version.path,
        way_out=version.way_out,
        scope=version.scope,
    )


def same(version: PolicyVersion, text: PolicyText) -> bool:
    """Whether the version says what the text says, its title and owner left aside."""
    return (
        version.kind,
        version.expression,
        version.severity,
        version.approver,
        version.waiver,
        version.scope,
        version.path,
        version.message,
        version.way_out,
    ) == (
        text.kind,
        text.expression,
        text.severity,
        text.approver,
        text.waiver,
        dict(text.scope),
        text.path,
        text.message,
        text.way_out,
    )


@transaction.atomic
def activate(name: str, version: int, *, by: Actor) -> PolicyVersion:
    """Makes this version the one that holds, in place of the one that did."""
    demand(by, Action.MANAGE_POLICIES, "policy")
    found = (
        PolicyVersion.objects.select_related("policy")
        .filter(policy__name=name, version=version)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no version {version} of a policy {name}.", policy=name)
    _activate(found, by)
    return found


def _activate(version: PolicyVersion, by: Actor) -> None:
    Policy.objects.select_for_update().get(pk=version.policy_id)
    if PolicyVersion.objects.filter(pk=version.pk, active=True).exists():
        return
    PolicyVersion.objects.filter(policy=version.policy, active=True).update(active=False)
    PolicyVersion.objects.filter(pk=version.pk).update(active=True)
    version.active = True
    audit.record("policy.activated", by=by, about=version.policy, data={"version": version.version})


@transaction.atomic
def deactivate(name: str, *, by: Actor, reason: str) -> Policy:
    """Switches a policy off until a version is made active again. A reason is kept in the audit."""
    demand(by, Action.MANAGE_POLICIES, "policy")
    policy = Policy.objects.select_for_update().filter(name=name).first()
    if policy is None:
        raise NotFound(f"There is no policy {name}.", policy=name)
    if not reason.strip():
        raise Invalid("Say why the policy is switched off.", path="reason")
    if PolicyVersion.objects.filter(policy=policy, active=True).update(active=False):
        audit.record("policy.deactivated", by=by, about=policy, data={"reason": reason.strip()})
    return policy


def load_file(text: str, *, by: Actor) -> list[PolicyVersion]:
    """Writes and activates every policy of a YAML file; all of them or none."""
    return _load(read_policies(text), by)


def load_starter(*, by: Actor) -> list[PolicyVersion]:
    """Gives a new installation its first policies; those that are there stay as they are."""
    have = set(Policy.objects.values_list("name", flat=True))
    return _load([text for text in starter() if text.name not in have], by)


@transaction.atomic
def _load(texts: Iterable[PolicyText], by: Actor) -> list[PolicyVersion]:
    return [write_version(text, by=by, activate=True) for text in texts]
