"""Issuing a token, telling who calls with it, taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.models import Event, ServiceToken
from governance.services import tokens
from tests.factories import Cast, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def issue(cast: Cast, **changed: object) -> tuple[ServiceToken, str]:
    given: dict[str, object] = {
        "name": "ci",
        "team": cast.team,
        "scopes": ["api:read"],
        "expires_at": timezone.now() + timedelta(days=30),
        "by": cast.owner,
    }
    return tokens.issue(**{**given, **changed})  # type: ignore[arg-type]  # a test's shorthand


def test_a_token_acts_for_its_team_within_its_scopes(cast: Cast) -> None:
    token, plain = issue(cast)
    actor = tokens.authenticate(plain)
    assert actor is not None
    assert (actor.kind, actor.id, actor.team) == ("token", token.pk, "payments")
    assert actor.scopes == frozenset({"api:read"})
    assert actor.org_roles == frozenset()


def test_only_a_digest_is_kept_and_no_event_holds_the_secret(cast: Cast) -> None:
    token, plain = issue(cast)
    secret = plain.rsplit("_", 1)[1]
    stored = ServiceToken.objects.filter(pk=token.pk).values().get()
    assert secret not in repr(stored)
    assert secret not in repr(list(Event.objects.values()))


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: "",
        lambda plain: plain[:-1],
        lambda plain: plain[:-1] + ("A" if plain[-1] != "A" else "B"),
        lambda plain: plain.replace("weir_", "WEIR_"),
        lambda plain: plain + "\n",
        lambda plain: "weir_" + "a" * 12 + plain[17:],
        lambda plain: "x" * 100_000,
        lambda plain: "weir_\x00_",
    ],
)
def test_anything_else_is_nobody(cast: Cast, change: object) -> None:
    _, plain = issue(cast)
    assert tokens.authenticate(change(plain)) is None  # type: ignore[operator]


def test_a_revoked_and_an_expired_token_are_nobody(cast: Cast) -> None:
    token, plain = issue(cast)
    tokens.revoke(token.pk, by=cast.owner)
    assert tokens.authenticate(plain) is None
    _, second = issue(cast)  # the name is free again
    assert tokens.authenticate(second) is not None
    ServiceToken.objects.filter(revoked_at=None).update(expires_at=Now() - timedelta(seconds=1))
    assert tokens.authenticate(second) is None


def test_the_last_use_is_written_once_a_minute(
    cast: Cast, django_assert_num_queries: object
) -> None:
    token, plain = issue(cast)
    tokens.authenticate(plain)
    token.refresh_from_db()
    assert token.last_used_at is not None
    with django_assert_num_queries(1):  # type: ignore[operator]
        tokens.authenticate(plain)


def test_owners_issue_and_requesters_do_not(cast: Cast) -> None:
    with pytest.raises(NotAllowed, match="an owner of payments"):
        issue(cast, by=cast.requester)
    token, _ = issue(cast)
    with pytest.raises(NotFound):
        tokens.revoke(token.pk, by=cast.outsider)
    assert tokens.revoke(token.pk, by=cast.platform).revoked_at is not None


def test_a_name_is_taken_while_its_token_works(cast: Cast) -> None:
    issue(cast)
    with pytest.raises(Conflict, match="still works"):
        issue(cast)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["api:read", "root"]}, "scopes"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
        ({"expires_at": timezone.now() + timedelta(days=9999)}, "expires_at"),
    ],
)
def test_wrong_values_are_named(cast: Cast, changed: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid) as wrong:
        issue(cast, **changed)
    assert wrong.value.path == path
