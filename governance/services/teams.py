"""Teams: making one, who belongs to it, which applications act for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from governance import access, audit
from governance.actors import Actor
from governance.errors import Conflict, Invalid, NotFound, Taken
from governance.models import (
    Application,
    ApplicationPrefix,
    Membership,
    Source,
    Team,
    TeamRole,
)
from governance.permissions import Action, demand
from governance.services import people

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
PRINCIPAL = re.compile(r"User:[^\s\x00]{1,240}")
PREFIX = re.compile(r"[a-zA-Z0-9._-]{1,249}")


@transaction.atomic
def create(
    *,
    slug: str,
    name: str,
    by: Actor,
    on_call: str = "",
    email: str = "",
    description: str = "",
    chat: str = "",
    cost_centre: str = "",
) -> Team:
    """A new team. Its slug begins the names of its topics, so it never changes."""
    demand(by, Action.CREATE_TEAM, "team")
    if not SLUG.fullmatch(slug) or slug == "new":  # the address of the form
        raise Invalid(
            f"{slug!r} cannot be a team's short name. Use small letters, digits and dashes.",
            path="slug",
        )
    team = Team(slug=slug, name=name.strip()[:120] or slug)
    team.on_call, team.email, team.description = on_call.strip(), email.strip(), description.strip()
    team.chat, team.cost_centre = chat.strip(), cost_centre.strip()
    try:
        with transaction.atomic():
            team.save(force_insert=True)
    except IntegrityError:
        raise Taken(f"There is a team {slug} already. Choose another name.") from None
    audit.record("team.created", by=by, about=team, team=slug)
    return team


@transaction.atomic
def add_member(slug: str, *, username: str, role: str, by: Actor) -> Membership:
    """Gives a person a role in the team. A role she has already stays as it is."""
    team = access.get_team(by, slug, Action.MANAGE_MEMBERS)
    if team.closed_at is not None:
        raise Conflict(f"Team {slug} is closed, so nobody joins it. Choose another team.")
    if role not in TeamRole.values:
        raise Invalid(
            f"There is no role {role!r} in a team. Choose one of {', '.join(TeamRole.values)}.",
            path="role",
        )
    membership, made = Membership.objects.get_or_create(
        team=team, user=people.get_active(username), role=role, source=Source.MANUAL
    )
    if made:
        _told("team.member_added", team, username, role, by)
    return membership


@transaction.atomic
def remove_member(slug: str, *, username: str, role: str, by: Actor) -> None:
    """Takes a role from a person. The last owner stays: somebody must say who belongs to a team."""
    team = access.get_team(by, slug, Action.MANAGE_MEMBERS)
    Team.objects.select_for_update().get(pk=team.pk)  # two removals must not leave none
    if role == TeamRole.OWNER:
        others = team.memberships.filter(role=role).exclude(user__username=username)
        if not others.exists():
            raise Conflict(
                f"{username} is the only owner of {slug}. Make somebody else an owner first."
            )
    held = team.memberships.filter(user__username=username, role=role)
    removed, _ = held.filter(source=Source.MANUAL).delete()
    if not removed:
        given = held.first()
        if given is not None:
            raise Conflict(
                f"{username} is {role} of {slug} by a group of {given.get_source_display()}, which "
                "people here cannot take away. Take her out of the group there."
            )
        raise NotFound(f"{username} is no {role} of {slug}.")
    _told("team.member_removed", team, username, role, by)


def _told(action: str, team: Team, username: str, role: str, by: Actor) -> None:
    audit.record(action, by=by, about=team, team=team.slug, data={"person": username, "role": role})


@transaction.atomic
def create_application(
    slug: str,
    *,
    name: str,
    principal: str,
    prefixes: Sequence[str] = (),
    description: str = "",
    by: Actor,
) -> Application:
    """An application that acts for the team. Its prefixes overlap no other application's."""
    team = access.get_team(by, slug, Action.MANAGE_APPLICATIONS)
    if team.closed_at is not None:
        raise Conflict(f"Team {slug} is closed, so nothing acts for it. Choose another team.")
    check_application(principal, prefixes)
    application = Application(
        team=team,
        name=name.strip()[:120] or principal,
        principal=principal,
        description=description.strip(),
    )
    try:
        with transaction.atomic():
            application.save(force_insert=True)
            ApplicationPrefix.objects.bulk_create(
                ApplicationPrefix(application=application, prefix=p) for p in sorted(set(prefixes))
            )
    except IntegrityError as error:
        raise Taken(application_taken(error, application)) from None
    audit.record(
        "application.created",
        by=by,
        about=application,
        team=slug,
        data={"principal": principal, "prefixes": sorted(set(prefixes))},
    )
    return application


def check_application(principal: str, prefixes: Sequence[str]) -> None:
    """Raises Invalid for a principal or a prefix that can be none."""
    if not PRINCIPAL.fullmatch(principal):
        raise Invalid(
            f"{principal!r} is no principal. Write User: and the name, as in User:checkout.",
            path="principal",
        )
    for prefix in prefixes:
        if not PREFIX.fullmatch(prefix):
            raise Invalid(
                f"{prefix!r} cannot begin the name of a topic. Use letters, digits, dots, dashes.",
                path="prefixes",
            )


def application_taken(error: IntegrityError, application: Application) -> str:
    """Why the database did not take an application, in words."""
    # The trigger names both prefixes in its sentence; the unique constraints name a column.
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is not None and diagnosis.sqlstate == "23P01":
        return f"{diagnosis.message_primary} Choose a prefix of its own."
    if diagnosis is not None and "prefix" in (diagnosis.constraint_name or ""):
        return "One of the prefixes belongs to another application. Choose a prefix of its own."
    return (
        f"There is an application {application.name} or one that acts as {application.principal} "
        "already. Choose another name."
    )
