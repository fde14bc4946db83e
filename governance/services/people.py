"""People: their accounts and passwords, and their roles in the whole installation.

No event holds a password, nor what was typed for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from governance import audit, throttle
from governance.actors import Actor
from governance.errors import Conflict, Invalid, NotAllowed, NotFound, Taken
from governance.models import OrgRole, OrgRoleName, Source, User
from governance.permissions import Action, demand
from governance.services.changing import change_to

USERNAME = re.compile(r"[\w.@+-]{1,150}")
LONGEST_PASSWORD = 1_000
# "new" is the address of the form; the dots are what browsers take out of an address.
TAKEN = frozenset({"new", ".", ".."})


@transaction.atomic
def create(
    *,
    username: str,
    by: Actor,
    name: str = "",
    email: str = "",
    password: str | None = None,
    org_roles: Sequence[str] = (),
) -> User:
    """A new account. Without a password nobody can sign in to it until one is set.

    Raises Invalid for a value that cannot be taken, with its `path`, and Taken for a name that
    somebody has already, in whatever case: two that look alike would be mistaken for each other.
    """
    demand(by, Action.MANAGE_PEOPLE, "person")
    user = User(username=_username(username), name=_name(name), email=mail_address(email))
    if User.objects.filter(username__iexact=user.username).exists():
        raise _taken(user.username)
    _give_password(user, password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise _taken(user.username) from None
    told = {"name": user.name, "email": user.email, "password_set": password is not None}
    audit.record("person.created", by=by, about=user, data=told)
    if org_roles:
        set_org_roles(user.username, org_roles, by=by)
    return user


@transaction.atomic
def change(username: str, *, name: str, email: str, by: Actor) -> User:
    """Changes what a person is called and where she gets mail; the same again writes nothing."""
    demand(by, Action.MANAGE_PEOPLE, "person")
    user = _locked(username)
    typed = {"name": _name(name), "email": mail_address(email)}
    told = change_to(user, typed)
    if told is not None:
        audit.record("person.changed", by=by, about=user, data=told)
    return user


@transaction.atomic
def switch_off(username: str, *, by: Actor) -> User:
    """Ends a person's access: she is nobody at her next request, and no session of hers comes back
    when she is switched on again. What she did and her roles stay on record.

    Nobody switches herself off, so that somebody is left who can switch on.
    """
    demand(by, Action.MANAGE_PEOPLE, "person")
    user = _locked(username)
    if user.pk == by.user_id:
        raise Conflict("You cannot switch yourself off. Ask another platform reviewer.")
    if not user.is_active:
        return user
    user.is_active = False
    user.session_epoch += 1
    user.save(update_fields=["is_active", "session_epoch"])
    audit.record("person.switched_off", by=by, about=user)
    return user


@transaction.atomic
def switch_on(username: str, *, by: Actor) -> User:
    """Lets a person sign in again, with the password and the roles that she had."""
    demand(by, Action.MANAGE_PEOPLE, "person")
    user = _locked(username)
    if user.is_active:
        return user
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record("person.switched_on", by=by, about=user)
    return user


@transaction.atomic
def set_password(username: str, password: str, *, by: Actor) -> User:
    """Gives somebody else a new password; her sessions end. One's own takes the old one."""
    demand(by, Action.MANAGE_PEOPLE, "person")
    user = _locked(username)
    if user.pk == by.user_id:
        raise Conflict("You change your own password on “Your account”, with the old one.")
    _give_password(user, password)
    user.save(update_fields=["password"])
    audit.record("person.password_set", by=by, about=user)
    return user


def change_own_password(*, old: str, new: str, by: Actor, address: str = "") -> User:
    """A new password for oneself. Her other sessions end; who calls keeps the one it came by.

    A wrong old one counts as a failed sign-in from that address, since an unattended browser must
    not become a place to guess. That count is kept whatever follows, so it is no part of the
    transaction. Raises Invalid with the path `old` or `new`.
    """
    user = User.objects.filter(pk=by.user_id, is_active=True).first() if by.user_id else None
    if user is None:
        raise NotAllowed("Only somebody who is signed in has a password of her own to change.")
    try:
        throttle.confirm(user, old, address=address)
    except throttle.SignInRefused as refused:
        raise Invalid(refused.message, path="old") from None
    if new == old:
        raise Invalid("That is the password you have. Choose another one.", path="new")
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        _give_password(user, new, path="new")
        user.save(update_fields=["password"])
        audit.record("person.password_changed", by=by, about=user)
    return user


@transaction.atomic
def set_org_roles(username: str, roles: Sequence[str], *, by: Actor) -> User:
    """Sets the installation-wide roles of a person. Nobody takes her own last platform role."""
    demand(by, Action.MANAGE_ORG_ROLES, "person")
    unknown = sorted(set(roles) - set(OrgRoleName.values))
    if unknown:
        raise Invalid(
            f"There is no role {unknown[0]!r}. Choose among {', '.join(OrgRoleName.values)}.",
            path="roles",
        )
    user = get_active(username)
    if user.pk == by.user_id and "platform" not in roles:
        raise Conflict("You cannot take your own platform role. Ask another platform reviewer.")
    # What a provider gives is not for people to take: it stays beside what is set here.
    by_hand = user.org_roles.filter(source=Source.MANUAL)
    before = set(by_hand.values_list("role", flat=True))
    if before == set(roles):
        return user
    by_hand.exclude(role__in=roles).delete()
    OrgRole.objects.bulk_create(OrgRole(user=user, role=r) for r in set(roles) - before)
    audit.record(
        "person.roles_set",
        by=by,
        about=user,
        data={"before": sorted(before), "after": sorted(set(roles))},
    )
    return user


@transaction.atomic
def set_break_glass(username: str, *, by: Actor) -> User:
    """Makes somebody a superuser: she is platform, and her password counts when every other way in
    is switched off or away. Only whoever has the machine can (`manage.py person`)."""
    if by.kind != "system":
        raise NotAllowed("Only the command line makes somebody a superuser.")
    user = _locked(username)
    if not user.is_superuser:
        user.is_superuser = True
        user.save(update_fields=["is_superuser"])
        audit.record("person.break_glass_set", by=by, about=user)
    return user


def get_active(username: str) -> User:
    """The person who signs in by that name. Raises NotFound, also when she is switched off."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise _nobody(username)
    return user


def _locked(username: str) -> User:
    user = User.objects.select_for_update().filter(username=username).first()
    if user is None:
        raise _nobody(username)
    return user


def _nobody(username: str) -> NotFound:
    shown = username[:150]
    return NotFound(f"There is nobody called {shown}. Check the spelling.", person=shown)


def _taken(username: str) -> Taken:
    return Taken(f"Somebody signs in as {username} already. Choose another.", path="username")


def _username(text: str) -> str:
    # As sign-in reads it: what looks the same is the same.
    username = unicodedata.normalize("NFKC", text.strip())
    if not USERNAME.fullmatch(username) or username in TAKEN:
        raise Invalid(
            f"{text[:150]!r} cannot be a name to sign in by. Use letters, digits and . @ + - _, "
            "150 at most.",
            path="username",
        )
    return username


def _name(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > 150:
        raise Invalid("The name is too long. Use 150 characters at most.", path="name")
    return name


def mail_address(text: str) -> str:
    """The address without the spaces around it; empty stays empty. Raises Invalid."""
    email = text.strip()
    if not email:
        return ""
    try:
        if len(email) > 254:
            raise ValidationError("too long")
        validate_email(email)
    except ValidationError:
        raise Invalid(
            f"{email[:254]!r} is no mail address. Write it as priya@example.com, or leave it "
            "empty.",
            path="email",
        ) from None
    return email


def _give_password(user: User, password: str | None, *, path: str = "password") -> None:
    """Sets the password, if the installation's rules take it; None lets nobody in."""
    if password is None:
        user.set_unusable_password()
        return
    if len(password) > LONGEST_PASSWORD:
        raise Invalid(
            f"The password is too long. Use {LONGEST_PASSWORD:,} characters at most.", path=path
        )
    try:
        password_validation.validate_password(password, user)
    except ValidationError as refused:
        raise Invalid(" ".join(refused.messages), path=path) from None
    user.set_password(password)
