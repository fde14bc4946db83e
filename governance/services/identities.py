"""People whom a provider vouches for: who they are here, and which rights its groups give.

A person is (issuer, subject); a name or a mail address never joins two accounts. What a provider
gave it takes away, what a person gave by hand stays. Every gain and every loss is an event.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from governance import audit
from governance.actors import Actor, actor_for_user, system_actor
from governance.audit import Happening
from governance.errors import Conflict, Invalid
from governance.identity import directory
from governance.identity.mapping import (
    ClaimWrong,
    Grant,
    Rule,
    grants_for,
    groups_in,
    text_in,
)
from governance.identity.options import LdapOptions, OidcOptions
from governance.models import Event, Identity, Membership, OrgRole, Source, Team, User
from governance.permissions import Action, demand
from governance.services import people
from governance.throttle import SignInRefused

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody at the door, as her provider describes her."""

    source: str
    issuer: str
    subject: str
    username: str
    name: str
    email: str
    groups: tuple[str, ...]


def from_claims(known: OidcOptions, claims: Mapping[str, object]) -> Arrival:
    """Who it is by OpenID Connect. Raises ClaimWrong, which names the claim."""
    mail = claims.get("email")
    name = claims.get("name")
    return Arrival(
        source=Source.OIDC,
        issuer=known.issuer,
        subject=text_in(claims, "sub"),
        username=text_in(claims, known.username_claim),
        name=name if isinstance(name, str) else "",
        email=mail if isinstance(mail, str) else "",
        groups=groups_in(claims, known.groups_claim),
    )


def by_directory(known: LdapOptions, username: str, password: str) -> User | None:
    """The account of whom the directory lets in; None for a wrong name or password.

    Raises SignInRefused with what to do, also when the directory is away.
    """
    try:
        entry = directory.authenticated(known, username, password)
    except directory.DirectoryAway as away:
        log.warning("directory_away", why=away.message)
        raise SignInRefused(
            f"{away.message} Local accounts can sign in meanwhile; try again in a minute."
        ) from away
    except ClaimWrong as wrong:
        raise refusal(Source.LDAP, wrong, who=username) from wrong
    if entry is None:
        return None
    arrival = Arrival(
        source=Source.LDAP,
        issuer=known.user_base,
        subject=entry.subject,
        username=username.casefold(),
        name=entry.name,
        email=entry.email,
        groups=entry.groups,
    )
    return arrive(arrival).user


@transaction.atomic
def arrive(arrival: Arrival) -> Identity:
    """The identity of who arrived, with an account made for her when she is new, and her rights as
    the groups say. Raises SignInRefused for somebody who may not come in."""
    identity = _known(arrival) or _expected(arrival) or _new(arrival)
    if not identity.user.is_active:
        raise SignInRefused(
            f"The account {identity.user.username} is switched off in Weir. A platform reviewer "
            "can switch it on."
        )
    settle(identity, arrival.groups)
    return identity


def refusal(source: str, wrong: ClaimWrong, *, who: str) -> SignInRefused:
    """What to tell a person whose claims cannot be used; the platform team finds the rest in the
    audit, on its page and in the log."""
    _note(source, wrong.claim, wrong.received, who=who)
    return SignInRefused(
        f"{label_of(source)} sent no usable “{wrong.claim}” of you, so Weir cannot know what you "
        "may do. Tell the platform team: their page “Sign-in” says what came instead."
    )


def label_of(source: str) -> str:
    """What people call the provider."""
    known = settings.OIDC if source == Source.OIDC else settings.LDAP
    return str(known.label) if known is not None else source


def rules_of(source: str) -> tuple[Rule, ...]:
    """The rules of that provider; none where there is no such provider any more."""
    known: OidcOptions | LdapOptions | None
    known = settings.OIDC if source == Source.OIDC else settings.LDAP
    return known.rules if known is not None else ()


def settle(identity: Identity, groups: Collection[str]) -> None:
    """Brings the rights that this provider gives to what its groups say now; the same groups write
    nothing. A rule that names a team which is not there is told, and gives nothing."""
    wanted = grants_for(groups, rules_of(identity.source))
    if _held(identity) == wanted and set(identity.groups) == set(groups):
        return
    with transaction.atomic():
        # Two requests of one person at once settle one after the other.
        identity = Identity.objects.select_for_update(of=("self",)).get(pk=identity.pk)
        teams = _teams(wanted)
        missing = sorted({g.team for g in wanted if g.team} - teams.keys())
        possible = frozenset(g for g in wanted if not g.team or g.team in teams)
        held = _held(identity)
        _give(identity, possible - held, teams)
        _take(identity, held - possible)
        if set(identity.groups) != set(groups):
            identity.groups = sorted(groups)
            identity.save(update_fields=["groups"])
            for slug in missing:
                said = f"a rule gives a role in team {slug}, which does not exist or is closed"
                _note(identity.source, "groups", said, who=identity.user.username)


def _held(identity: Identity) -> frozenset[Grant]:
    user, source = identity.user_id, identity.source
    roles = Membership.objects.filter(user=user, source=source).values_list("role", "team__slug")
    org = OrgRole.objects.filter(user=user, source=source).values_list("role", flat=True)
    return frozenset({*(Grant(role, team) for role, team in roles), *map(Grant, org)})


def _teams(grants: Iterable[Grant]) -> dict[str, Team]:
    slugs = {grant.team for grant in grants if grant.team}
    return {t.slug: t for t in Team.objects.filter(slug__in=slugs, closed_at__isnull=True)}


def _give(identity: Identity, grants: Collection[Grant], teams: Mapping[str, Team]) -> None:
    user, source = identity.user, identity.source
    Membership.objects.bulk_create(
        Membership(user=user, team=teams[g.team], role=g.role, source=source)
        for g in grants
        if g.team
    )
    OrgRole.objects.bulk_create(
        OrgRole(user=user, role=g.role, source=source) for g in grants if not g.team
    )
    _tell("person.right_gained", identity, grants)


def _take(identity: Identity, grants: Collection[Grant]) -> None:
    for grant in grants:
        rows = {"user": identity.user, "role": grant.role, "source": identity.source}
        if grant.team:
            Membership.objects.filter(team__slug=grant.team, **rows).delete()
        else:
            OrgRole.objects.filter(**rows).delete()
    _tell("person.right_lost", identity, grants)


def _tell(action: str, identity: Identity, grants: Collection[Grant]) -> None:
    audit.record_many(
        [
            Happening(
                action,
                identity.user,
                team=grant.team,
                data={"role": grant.role, "team": grant.team, "source": identity.source},
            )
            for grant in sorted(grants)
        ],
        by=system_actor(identity.source),
    )


def _known(arrival: Arrival) -> Identity | None:
    found = Identity.objects.select_related("user")
    return found.filter(
        source=arrival.source, issuer=arrival.issuer, subject=arrival.subject
    ).first()


def _expected(arrival: Arrival) -> Identity | None:
    """The account that the platform team said she would come to; hers from now on."""
    found = (
        Identity.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(source=arrival.source, issuer=arrival.issuer, subject__isnull=True)
        .filter(user__username__iexact=_username(arrival))
        .first()
    )
    if found is None:
        return None
    found.subject = arrival.subject
    found.save(update_fields=["subject"])
    if not found.user.is_superuser:
        found.user.set_unusable_password()
        found.user.save(update_fields=["password"])
    audit.record(
        "person.linked",
        by=system_actor(arrival.source),
        about=found.user,
        data={"issuer": arrival.issuer, "subject": arrival.subject},
    )
    return found


def _new(arrival: Arrival) -> Identity:
    try:
        user = people.create(
            username=_username(arrival),
            name=" ".join(arrival.name.replace("\x00", " ").split())[:150],
            email=_mail(arrival.email),
            by=system_actor(arrival.source),
        )
    except (Conflict, Invalid) as error:
        raise SignInRefused(
            f"{label_of(arrival.source)} calls you {arrival.username[:150]!r}, and there is an "
            "account of that name that is not yours by its word, or it is no possible name. Names "
            "never join accounts: a platform reviewer can, on that person's page."
        ) from error
    try:
        with transaction.atomic():
            made = Identity.objects.create(
                user=user,
                source=arrival.source,
                issuer=arrival.issuer,
                subject=arrival.subject,
            )
    except IntegrityError as error:
        raise SignInRefused("You signed in twice at the same moment. Begin once more.") from error
    audit.record(
        "person.linked",
        by=system_actor(arrival.source),
        about=user,
        data={"issuer": arrival.issuer, "subject": arrival.subject},
    )
    return made


def _username(arrival: Arrival) -> str:
    return unicodedata.normalize("NFKC", arrival.username.strip())


def _mail(email: str) -> str:
    """The address, where it is one: a provider's odd one is no reason to keep anybody out."""
    try:
        return people.mail_address(email)
    except Invalid:
        return ""


def _note(source: str, claim: str, received: str, *, who: str) -> None:
    """For the platform team: exactly what came, in the log and in the audit."""
    log.error("sign_in_mapping_failed", source=source, claim=claim, received=received, who=who)
    audit.record(
        "sign_in.mapping_failed",
        by=system_actor(source),
        about=audit.Subject("identity", source, label_of(source)),
        data={"claim": claim[:200], "received": received[:500], "person": who[:150]},
    )


def troubles(actor: Actor) -> QuerySet[Event]:
    """What providers sent that could not be used, for those who watch over accounts."""
    demand(actor, Action.VIEW, "identity")
    found = Event.objects.filter(action="sign_in.mapping_failed", object_kind="identity")
    return found.select_related("sealed").order_by("-pk")


@transaction.atomic
def expect(username: str, source: str, *, by: Actor) -> Identity:
    """Lets a person who has an account come to it by her provider: the next who arrives from there
    under her sign-in name is she. Her password of Weir's own ends then."""
    demand(by, Action.MANAGE_PEOPLE, "person")
    user = people.get_active(username)
    known = {Source.OIDC.value: settings.OIDC, Source.LDAP.value: settings.LDAP}.get(source)
    if known is None:
        raise Invalid(f"This installation has no {source!r} to come from.", path="source")
    issuer = known.issuer if isinstance(known, OidcOptions) else known.user_base
    found, made = Identity.objects.get_or_create(
        user=user, source=source, defaults={"issuer": issuer}
    )
    if made:
        audit.record(
            "person.expected", by=by, about=user, data={"source": source, "issuer": issuer}
        )
    return found


def record_sign_in(identity: Identity) -> None:
    """The event of somebody whom OpenID Connect vouched for; passwords are told by `throttle`."""
    with transaction.atomic():
        audit.record(
            "person.signed_in",
            by=actor_for_user(identity.user),
            about=identity.user,
            data={"source": identity.source},
        )
