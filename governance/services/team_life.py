"""What becomes of a team: its particulars, its successor, its end; and the end of applications.

A team is never deleted, since what it did stays on record. It is closed, once nothing is left that
somebody would have to answer for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.db.models.functions import Now

from governance import access, audit
from governance.actors import Actor
from governance.audit import Happening
from governance.errors import Conflict, Invalid, NotFound, Taken
from governance.models import Application, ApplicationPrefix, Request, Resource, Team
from governance.permissions import Action, demand, role_in_words
from governance.services import people, rerouting, teams
from governance.services.changing import change_to
from governance.workflow import OPEN

MOST_MOVED = 20_000


@transaction.atomic
def change(
    slug: str,
    *,
    name: str,
    by: Actor,
    on_call: str = "",
    email: str = "",
    chat: str = "",
    cost_centre: str = "",
    description: str = "",
    successor: str = "",
) -> Team:
    """Changes all that is said of a team but its short name; the same again writes nothing.

    Raises Invalid with its `path`. The successor takes over what the team owns when it is closed.
    """
    team = _locked(by, slug)
    typed: dict[str, object] = {
        "name": _short(name, 120, "name") or slug,
        "on_call": _short(on_call, 200, "on_call"),
        "email": people.mail_address(email),
        "chat": _short(chat, 200, "chat"),
        "cost_centre": _short(cost_centre, 80, "cost_centre"),
        "description": description.strip()[:5_000],
        "successor_id": _successor(team, successor),
    }
    told = change_to(team, typed)
    if told is not None:
        audit.record("team.changed", by=by, about=team, team=slug, data=told)
    return team


@transaction.atomic
def hand_over(slug: str, *, by: Actor) -> Team:
    """Gives all that a team owns, and the applications that act for it, to its successor.

    Refused while requests of the team are open: their approvals were given for it.
    """
    demand(by, Action.CREATE_TEAM, "team")
    team = _locked(by, slug)
    successor = team.successor
    if successor is None or successor.closed_at is not None:
        raise Conflict(f"Team {slug} has no successor that is there. Name one first.")
    _nothing_open(team)
    resources = list(team.resources.order_by("pk")[: MOST_MOVED + 1])
    if len(resources) > MOST_MOVED:
        raise Conflict(f"Team {slug} owns more than {MOST_MOVED:,} things. Move some by requests.")
    same = set(successor.resources.values_list("kind", "name"))
    double = next((r for r in resources if (r.kind, r.name) in same), None)
    if double is not None:
        raise Conflict(f"{successor.slug} owns a {double.kind} {double.name} as well as {slug}.")
    applications = list(team.applications.all())
    give(resources, successor, by=by)
    team.applications.update(team=successor)
    moved = {"from": slug, "to": successor.slug}
    audit.record_many(
        [
            Happening("application.handed_over", row, team=successor.slug, data=moved)
            for row in applications
        ],
        by=by,
    )
    things = {(row.kind, row.name) for row in resources}
    rerouting.ask_new_owners(things, givers=[slug], by=by)
    if resources or applications:
        told = {"to": successor.slug, "resources": len(resources)}
        told |= {"applications": len(applications)}
        audit.record("team.handed_over", by=by, about=team, team=slug, data=told)
    return team


def give(
    resources: Sequence[Resource], to: Team, *, by: Actor, request_id: int | None = None
) -> None:
    """Makes another team the owner of these, each with its event, in the caller's transaction, for
    a caller who has asked whether `by` may. Raises Conflict where it has one of the same name, or
    where one of them has changed hands since it was read."""
    read = defaultdict(list)
    for row in resources:
        read[row.owner_id].append(row.pk)
    owners = dict(Team.objects.filter(resources__in=resources).values_list("pk", "slug"))
    try:
        with transaction.atomic():
            given = sum(
                Resource.objects.filter(pk__in=pks, owner=owner).update(owner=to)
                for owner, pks in read.items()
            )
    except IntegrityError:
        raise Conflict(f"{to.slug} owns one of the same kind and name already.") from None
    if given != len(resources):
        raise Conflict(
            f"Something that {to.slug} was to take over has changed hands meanwhile. Look at it "
            "again."
        )
    audit.record_many(
        [
            Happening(
                "resource.handed_over",
                row,
                request_id=request_id,
                team=to.slug,
                data={"from": owners.get(row.owner_id, ""), "to": to.slug},
            )
            for row in resources
        ],
        by=by,
    )


def tell_of_claim(kind: str, place: str, name: str, team: str, by: Actor, request_id: int) -> None:
    """Records that what nobody owned has an owner, in the caller's transaction."""
    audit.record(
        "resource.claimed",
        by=by,
        about=audit.Subject(kind, f"{place}/{name}", name),
        request_id=request_id,
        team=team,
        data={"to": team},
    )


@transaction.atomic
def close(slug: str, *, by: Actor) -> Team:
    """Ends a team that owns nothing any more: nobody belongs to it and its tokens are revoked. A
    second call changes nothing. Raises Conflict, which says what is left and the way out."""
    demand(by, Action.CREATE_TEAM, "team")
    team = _locked(by, slug)
    if team.closed_at is not None:
        return team
    _nothing_open(team)
    left = _left(team)
    if left:
        to = f" to {team.successor.slug}" if team.successor else ""
        way = "Hand it over" if to else "Name a successor and hand it over"
        raise Conflict(f"Team {slug} still has {left}. {way}{to} first.")
    waits = rerouting.waiting_for([slug]).first()
    if waits is not None:
        raise Conflict(
            f"Request #{waits.pk} waits for {role_in_words(f'owner:{slug}')}, who would be "
            "nobody any more. Have it decided or withdrawn first."
        )
    team.memberships.all().delete()
    tokens = team.tokens.filter(revoked_at__isnull=True)
    revoked = tokens.update(revoked_at=Now())
    Team.objects.filter(pk=team.pk).update(closed_at=Now())
    audit.record("team.closed", by=by, about=team, team=slug, data={"tokens_revoked": revoked})
    team.refresh_from_db()
    return team


@transaction.atomic
def change_application(
    slug: str, name: str, *, principal: str, prefixes: Sequence[str], description: str, by: Actor
) -> Application:
    """Changes what an application acts as and the names that it may use."""
    team = access.get_team(by, slug, Action.MANAGE_APPLICATIONS)
    application = _application(team, name)
    teams.check_application(principal, prefixes)
    wanted, had = set(prefixes), {p.prefix for p in application.prefixes.all()}
    typed = {"principal": principal, "description": description.strip()[:5_000]}
    after = {field: value for field, value in typed.items() if getattr(application, field) != value}
    if not after and wanted == had:
        return application
    before = {field: getattr(application, field) for field in after}
    for field, value in after.items():
        setattr(application, field, value)
    try:
        with transaction.atomic():
            application.save(update_fields=list(after) or None)
            application.prefixes.filter(prefix__in=had - wanted).delete()
            ApplicationPrefix.objects.bulk_create(
                ApplicationPrefix(application=application, prefix=p) for p in sorted(wanted - had)
            )
    except IntegrityError as error:
        raise Taken(teams.application_taken(error, application)) from None
    told = {
        "before": before | {"prefixes": sorted(had)},
        "after": after | {"prefixes": sorted(wanted)},
    }
    audit.record("application.changed", by=by, about=application, team=slug, data=told)
    return application


@transaction.atomic
def delete_application(slug: str, name: str, *, by: Actor) -> None:
    """Removes an application. One that something still refers to stays: Conflict says so."""
    team = access.get_team(by, slug, Action.MANAGE_APPLICATIONS)
    application = _application(team, name)
    prefixes = sorted(p.prefix for p in application.prefixes.all())
    told = {"principal": application.principal, "prefixes": prefixes}
    audit.record("application.deleted", by=by, about=application, team=slug, data=told)
    try:
        with transaction.atomic():
            application.delete()
    except (ProtectedError, IntegrityError):
        raise Conflict(
            f"The application {name} is in use: something still refers to it, such as a grant to "
            f"{application.principal}. End that first."
        ) from None


def _locked(by: Actor, slug: str) -> Team:
    team = access.get_team(by, slug, Action.MANAGE_TEAM)
    # The row alone: an outer join to the successor cannot be locked.
    return Team.objects.select_for_update(of=("self",)).get(pk=team.pk)


def _application(team: Team, name: str) -> Application:
    found = team.applications.select_for_update().filter(name=name[:120]).first()
    if found is None:
        raise NotFound(f"There is no application {name[:120]} of {team.slug}.")
    return found


def _successor(team: Team, slug: str) -> int | None:
    if not slug:
        return None
    found = Team.objects.filter(slug=slug, closed_at__isnull=True).exclude(pk=team.pk).first()
    if found is None:
        raise Invalid(
            f"{slug[:63]!r} cannot follow {team.slug}. Name another team that is there.",
            path="successor",
        )
    return found.pk


def _short(text: str, most: int, path: str) -> str:
    cleaned = " ".join(text.split())
    if len(cleaned) > most:
        raise Invalid(f"This is too long. Use {most} characters at most.", path=path)
    return cleaned


def _nothing_open(team: Team) -> None:
    is_open = Q(state__in=[state.value for state in OPEN])
    first = Request.objects.filter(is_open, team=team).order_by("pk").first()
    if first is not None:
        raise Conflict(
            f"Request #{first.pk} of {team.slug} is not finished. Finish or withdraw it first."
        )


def _left(team: Team) -> str:
    """What a team still has, in words; empty for one with nothing."""
    counts: Mapping[str, int] = {
        "resource": team.resources.count(),
        "application": team.applications.count(),
    }
    parts = [f"{n:,} {word}{'' if n == 1 else 's'}" for word, n in counts.items() if n]
    return " and ".join(parts)
