"""A second factor beside a password: setting it up, using it, taking it away.

It is for everybody who gives Weir a password, be it Weir's own or the directory's. Whom OpenID
Connect vouches for has hers at the provider. Secrets are ciphertext under the keys for secrets, no
event holds one, and a code is taken once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import segno
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from governance import audit, secrets, throttle
from governance.actors import Actor, actor_for_user
from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.identity import directory, totp
from governance.identity.directory import DirectoryAway
from governance.identity.mapping import ClaimWrong
from governance.models import RecoveryCode, SecondFactor, Source, User
from governance.permissions import Action, demand
from governance.throttle import SignInRefused

ISSUER = "Weir"
NOT_IT = "That is not the code of this moment. Type the six digits that your app shows now."
NOT_YOURS = "That is not your password. It minds upper and lower case."


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret to be put into an app; `sealed` is how it waits in the session for its code."""

    sealed: str
    secret: str
    picture: str


def offer(user: User) -> Offer:
    """A new secret with its picture. Nothing is kept before `set_up`.

    Raises SecretError where the installation has no keys to encrypt it with.
    """
    secret = totp.new_secret()
    return shown(user, secrets.seal(secret))


def shown(user: User, sealed: str) -> Offer:
    """The same offer once more."""
    secret = secrets.reveal(sealed).reveal()
    code = segno.make(totp.address(secret, account=user.username, issuer=ISSUER), error="m")
    picture = code.svg_inline(scale=4, border=2, dark="#000", light="#fff", omitsize=True)
    return Offer(sealed, secret, picture)


def needed(actor: Actor) -> bool:
    """Whether this installation wants a second factor of her."""
    match settings.MFA_REQUIRED:
        case "all":
            return True
        case "platform":
            return "platform" in actor.org_roles
    return False


def wanted_of_some() -> bool:
    """Whether this installation wants one of anybody: without, no request pays for the question."""
    return bool(settings.MFA_REQUIRED != "none")


def of(user: User) -> SecondFactor | None:
    """The person's second factor, if she has one."""
    return SecondFactor.objects.filter(user=user).first()


def set_up(*, sealed: str, code: str, password: str, by: Actor, address: str = "") -> list[str]:
    """Makes the app that shows this code the person's second factor. Gives back recovery codes,
    which are kept nowhere. Raises Invalid with the path `code` or `password`."""
    user = _herself(by)
    _knows(user, password, address)
    secret = secrets.reveal(sealed).reveal()
    step = totp.step_of(secret, code, now=time.time(), used=0)
    if step is None:
        raise Invalid(NOT_IT, path="code")
    with transaction.atomic():
        # The person's row, since hers of the factor is not there yet.
        User.objects.select_for_update().get(pk=user.pk)
        if of(user) is not None:
            raise Conflict("You have a second factor already. Remove it first.")
        made = SecondFactor.objects.create(user=user, secret=sealed, last_step=step)
        codes = _new_codes(made)
        audit.record("second_factor.set_up", by=by, about=user)
    return codes


def new_codes(*, password: str, by: Actor, address: str = "") -> list[str]:
    """New recovery codes in place of all old ones. Raises Invalid with the path `password`."""
    user = _herself(by)
    _knows(user, password, address)
    with transaction.atomic():
        factor = _locked(user)
        codes = _new_codes(factor)
        audit.record("second_factor.codes_made", by=by, about=user)
    return codes


def remove(*, password: str, by: Actor, address: str = "") -> None:
    """Takes the person's own second factor away. Raises Invalid with the path `password`."""
    user = _herself(by)
    _knows(user, password, address)
    with transaction.atomic():
        _locked(user).delete()
        audit.record("second_factor.removed", by=by, about=user)


@transaction.atomic
def reset(username: str, *, by: Actor) -> User:
    """Takes the second factor of somebody who lost her app and her codes away; sessions end."""
    demand(by, Action.MANAGE_PEOPLE, "person")
    user = User.objects.select_for_update().filter(username=username).first()
    if user is None:
        raise NotFound(f"There is nobody called {username[:150]}. Check the spelling.")
    if user.pk == by.user_id:
        raise Conflict("You remove your own on “Your account”, with your password.")
    _locked(user).delete()
    user.session_epoch += 1
    user.save(update_fields=["session_epoch"])
    audit.record("second_factor.reset", by=by, about=user)
    return user


def check(user: User, typed: str, *, address: str) -> None:
    """Takes a code of the app, or a recovery code, when somebody signs in; the event of her sign-in
    is written with it. Raises SignInRefused; failures slow down as those of passwords do."""
    throttle.tried(f"{user.username} code", address, lambda: _taken(user, typed[:80]), NOT_IT)


@transaction.atomic
def _taken(user: User, typed: str) -> bool:
    factor = SecondFactor.objects.select_for_update().filter(user=user, user__is_active=True)
    found = factor.first()
    if found is None:
        return False
    by = actor_for_user(user)
    secret = secrets.reveal(found.secret).reveal()
    step = totp.step_of(secret, typed, now=time.time(), used=found.last_step)
    if step is not None:
        found.last_step = step
        found.save(update_fields=["last_step"])
        audit.record("person.signed_in", by=by, about=user, data={"second_factor": "code"})
        return True
    code = found.codes.filter(digest=totp.digest_of(typed), used_at__isnull=True).first()
    if code is None:
        return False
    RecoveryCode.objects.filter(pk=code.pk).update(used_at=Now())
    left = found.codes.filter(used_at__isnull=True).count()
    told = {"second_factor": "recovery code", "left": left}
    audit.record("person.signed_in", by=by, about=user, data=told)
    return True


def _new_codes(factor: SecondFactor) -> list[str]:
    codes = totp.recovery_codes()
    factor.codes.all().delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(factor=factor, digest=totp.digest_of(code)) for code in codes
    )
    return codes


def codes_left(factor: SecondFactor) -> int:
    """How many recovery codes are still good."""
    return factor.codes.filter(used_at__isnull=True).count()


def _locked(user: User) -> SecondFactor:
    found = SecondFactor.objects.select_for_update().filter(user=user).first()
    if found is None:
        raise NotFound(f"{user.username} has no second factor.")
    return found


def _herself(by: Actor) -> User:
    user = User.objects.filter(pk=by.user_id, is_active=True).first() if by.user_id else None
    if user is None:
        raise NotAllowed("Only somebody who is signed in has a second factor of her own.")
    return user


def _knows(user: User, password: str, address: str) -> None:
    """An unattended browser changes nothing: the password is asked for again."""
    try:
        throttle.tried(user.username, address, lambda: _is_hers(user, password), NOT_YOURS)
    except SignInRefused as refused:
        raise Invalid(refused.message, path="password") from None


def _is_hers(user: User, password: str) -> bool:
    if user.has_usable_password():
        return user.check_password(password)
    identity = user.identities.filter(source=Source.LDAP).first()
    known = directory.options()
    if identity is None or known is None:
        return False
    try:
        entry = directory.authenticated(known, user.username, password)
    except (DirectoryAway, ClaimWrong) as error:
        raise Invalid(str(error), path="password") from error
    return entry is not None and entry.subject == identity.subject
