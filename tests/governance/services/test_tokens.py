"""Service tokens: issued once, told apart in one query, ended at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.models import Event, ServiceToken
from governance.services import tokens
from tests.factories import Cast, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def issue(cast: Cast, name: str = "ci", **changed: object) -> tuple[ServiceToken, str]:
    given: dict[str, object] = {
        "name": name,
        "team": cast.team,
        "scopes": ["api:write", "registry:read"],
        "expires_at": timezone.now() + timedelta(days=90),
        "by": cast.owner,
    }
    return tokens.issue(**given | changed)  # type: ignore[arg-type]  # by name, as above


def test_a_token_tells_who_calls(cast: Cast) -> None:
    made, plain = issue(cast)
    actor = tokens.authenticate(plain)
    assert actor is not None
    assert (actor.kind, actor.id, actor.name) == ("token", made.pk, "payments/ci")
    assert actor.scopes == frozenset({"api:write", "registry:read"})


def test_the_secret_is_kept_nowhere(cast: Cast) -> None:
    made, plain = issue(cast)
    secret = plain.rsplit("_", 1)[1] if plain.count("_") == 2 else plain.split("_", 2)[2]
    assert len(secret) >= 40
    with connection.cursor() as cursor:
        for table in ("governance_servicetoken", "governance_event"):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t")  # noqa: S608
            text = cursor.fetchone()[0]
            assert secret not in text
            assert secret.encode().hex() not in text
    assert secret not in f"{made!r} {made} {vars(made)}"


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain[:-1] + ("A" if plain[-1] != "A" else "B"),
        lambda plain: plain[:-1],
        lambda plain: plain + "A",
        lambda plain: plain.upper(),
        lambda plain: " " + plain,
        lambda plain: plain.replace("weir_", "weir-"),
        lambda plain: "",
        lambda plain: "\x00",
        lambda plain: "weir_" + "ä" * 12 + "_" + "a" * 43,
    ],
)
def test_any_other_text_is_nobody(cast: Cast, change: object) -> None:
    _, plain = issue(cast)
    assert callable(change)
    assert tokens.authenticate(change(plain)) is None
    assert tokens.authenticate(plain) is not None


def test_one_tokens_secret_does_not_fit_another_ones_prefix(cast: Cast) -> None:
    _, one = issue(cast, "one")
    _, other = issue(cast, "other")
    mixed = f"weir_{one.split('_', 2)[1]}_{other.split('_', 2)[2]}"
    assert tokens.authenticate(mixed) is None


def test_a_revoked_token_is_nobody_at_once_and_its_name_is_free_again(cast: Cast) -> None:
    made, plain = issue(cast)
    tokens.revoke(made.pk, by=cast.owner)
    assert tokens.authenticate(plain) is None
    tokens.revoke(made.pk, by=cast.owner)
    assert Event.objects.filter(action="token.revoked").count() == 1
    issue(cast)


def test_a_token_past_its_end_is_nobody(cast: Cast) -> None:
    made, plain = issue(cast)
    assert tokens.authenticate(plain) is not None
    made.expires_at = timezone.now() - timedelta(seconds=1)
    made.save(update_fields=["expires_at"])
    assert tokens.authenticate(plain) is None


def test_use_is_noted_once_a_minute(cast: Cast) -> None:
    made, plain = issue(cast)
    tokens.authenticate(plain)
    made.refresh_from_db()
    first = made.last_used_at
    assert first is not None
    with CaptureQueriesContext(connection) as queries:
        tokens.authenticate(plain)
    assert len(queries) == 1
    ServiceToken.objects.filter(pk=made.pk).update(last_used_at=first - timedelta(minutes=2))
    tokens.authenticate(plain)
    made.refresh_from_db()
    assert made.last_used_at is not None
    assert made.last_used_at > first - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": "  "}, "needs a name"),
        ({"name": "x" * 121}, "needs a name"),
        ({"name": "a\x00b"}, "needs a name"),
        ({"scopes": []}, "does nothing"),
        ({"scopes": ["api:write", "api:everything"]}, "no scope 'api:everything'"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "between now and three years"),
        ({"expires_at": timezone.now() + timedelta(days=5_000)}, "between now and three years"),
    ],
)
def test_a_wrong_token_is_refused_in_words(
    cast: Cast, changed: dict[str, object], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        issue(cast, **{"name": "ci"} | changed)  # type: ignore[arg-type]  # one of them is a name
    assert not ServiceToken.objects.exists()


def test_two_living_tokens_of_a_team_have_two_names(cast: Cast) -> None:
    issue(cast)
    with pytest.raises(Conflict, match="that still works"):
        issue(cast, "  ci ")


def test_tokens_are_issued_and_revoked_by_owners_and_platform_only(cast: Cast) -> None:
    made, _ = issue(cast)
    issue(cast, "by-platform", by=cast.platform)
    for actor in (cast.requester, cast.viewer, cast.steward, cast.auditor, cast.outsider):
        with pytest.raises(NotAllowed, match="an owner of payments or the platform team"):
            issue(cast, "no", by=actor)
    for actor, error in ((cast.requester, NotAllowed), (cast.outsider, NotFound)):
        with pytest.raises(error):
            tokens.revoke(made.pk, by=actor)
    made.refresh_from_db()
    assert made.revoked_at is None


def test_a_token_cannot_make_another_one(cast: Cast) -> None:
    _, plain = issue(cast)
    actor = tokens.authenticate(plain)
    assert actor is not None
    with pytest.raises(NotAllowed, match="no token may"):
        issue(cast, "child", by=actor)


def test_a_rate_is_set_by_the_platform_alone(cast: Cast) -> None:
    made, plain = issue(cast)
    with pytest.raises(NotAllowed):
        tokens.set_rate(made.pk, rate=100, by=cast.owner)
    for rate, burst in ((-1, None), (10_000_000, None), (10, 5), (None, 5)):
        with pytest.raises(Invalid):
            tokens.set_rate(made.pk, rate=rate, burst=burst, by=cast.platform)
    for rate, burst, limit in ((100, None, (100, 200)), (5, 50, (5, 50)), (None, None, None)):
        tokens.set_rate(made.pk, rate=rate, burst=burst, by=cast.platform)
        actor = tokens.authenticate(plain)
        assert actor is not None
        assert actor.rate == limit
    assert Event.objects.filter(action="token.limited").count() == 3
