"""What somebody may not see is not there for her, under any page's address that takes an id.

As `api/test_isolation.py` for `/api/v1`: the list is compared with what Django would answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from governance.models import Request, ServiceToken, User
from governance.services import requests, tokens
from governance.services.items import NewItem
from tests.factories import BY, Cast, make_cast, make_environment, make_hook

pytestmark = pytest.mark.django_db

# Every page that takes an id or a name, and whose things it shows: `hidden` are seen by a team and
# those who watch over it alone, `watched` by the platform team and auditors, `open` by everybody
# who is signed in.
OBJECTS: Mapping[str, str] = {
    "requests/<int:number>/": "hidden",
    "requests/<int:number>/again/": "hidden",
    "requests/<int:number>/comment/": "hidden",
    "requests/<int:number>/decide/": "hidden",
    "requests/<int:number>/edit/": "hidden",
    "requests/<int:number>/glass/": "hidden",
    "requests/<int:number>/live/": "hidden",
    "requests/<int:number>/not-before/": "hidden",
    "requests/<int:number>/replace/": "hidden",
    "requests/<int:number>/retry/": "hidden",
    "requests/<int:number>/roll-back/": "hidden",
    "requests/<int:number>/submit/": "hidden",
    "requests/<int:number>/suggest/": "hidden",
    "requests/<int:number>/withdraw/": "hidden",
    "delegations/<int:number>/revoke/": "open",
    "hooks/<int:number>/": "hidden",
    "hooks/<int:number>/delete/": "hidden",
    "hooks/<int:number>/pause/": "hidden",
    "hooks/<int:number>/resume/": "hidden",
    "hooks/<int:number>/test/": "hidden",
    "tokens/<int:number>/rate/": "hidden",
    "tokens/<int:number>/revoke/": "hidden",
    "suggestions/<int:number>/": "open",
    "glass/<int:number>/": "open",
    "freezes/<int:number>/lift/": "open",
    "waivers/<int:number>/": "open",
    "simulations/<int:number>/": "watched",
    "people/<str:username>/": "watched",
    "people/<str:username>/expect/": "watched",
    "people/<str:username>/off/": "watched",
    "people/<str:username>/on/": "watched",
    "people/<str:username>/password/": "watched",
    "people/<str:username>/roles/": "watched",
    "people/<str:username>/second-factor/": "watched",
    "policies/<slug:name>/": "open",
    "policies/<slug:name>/activate/": "open",
    "policies/<slug:name>/change/": "open",
    "policies/<slug:name>/off/": "open",
    "policies/<slug:name>/versions/<int:number>/": "open",
    "policies/<slug:name>/yaml/": "open",
    "facts/<slug:kind>/": "open",
    "teams/<slug:slug>/": "open",
    "teams/<slug:slug>/applications/": "open",
    "teams/<slug:slug>/applications/<str:name>/": "open",
    "teams/<slug:slug>/applications/<str:name>/delete/": "open",
    "teams/<slug:slug>/change/": "open",
    "teams/<slug:slug>/close/": "open",
    "teams/<slug:slug>/hand-over/": "open",
    "teams/<slug:slug>/people/": "open",
    "teams/<slug:slug>/people/remove/": "open",
    "environments/<slug:slug>/": "open",
    "environments/<slug:slug>/freezes/": "open",
    "topics/<slug:cluster>/<str:name>/": "open",
    "grants/<slug:cluster>/<path:name>/": "open",
    "drift/<int:number>/accept/": "open",
    "drift/<int:number>/ignore/": "open",
    "drift/<int:number>/revert/": "open",
    "clusters/<slug:slug>/": "open",
    "clusters/<slug:slug>/change/": "open",
    "clusters/<slug:slug>/prices/": "open",
    "clusters/<slug:slug>/read/": "open",
    "subjects/<str:context>/<path:name>/": "open",
    "subjects/writing/rights/<int:number>/take/": "open",
}
HIDDEN = sorted(path for path, whose in OBJECTS.items() if whose == "hidden")
WATCHED = sorted(path for path, whose in OBJECTS.items() if whose == "watched")
MISSING = "987654321"


def routes() -> Iterator[str]:
    """Every page's address that takes something."""
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and not str(entry.pattern):
            for found in entry.url_patterns:
                assert isinstance(found, URLPattern)
                if "<" in str(found.pattern):
                    yield str(found.pattern)


@pytest.fixture
def cast() -> Cast:
    make_environment("dev")
    return make_cast()


@pytest.fixture
def draft(cast: Cast) -> Request:
    item = NewItem("toy", "create", "secret", "shelf-dev", {"colour": "red"})
    return requests.create_draft(
        title="Secret", reason="", team=cast.team, items=[item], by=cast.requester
    )


@pytest.fixture
def token(cast: Cast) -> ServiceToken:
    made, _ = tokens.issue(
        name="secret", team=cast.team, scopes=["api:write"], expires_at=None, by=BY
    )
    return made


@pytest.fixture
def objects(cast: Cast, draft: Request, token: ServiceToken) -> Mapping[str, int]:
    """One of each, of the owner's or her team's, by how its addresses begin."""
    return {"requests": draft.pk, "tokens": token.pk, "hooks": make_hook("payments").pk}


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def answers(client: Client, address: str) -> list[tuple[int, str]]:
    """Status and page of each method that the address knows, without what differs anyway."""
    found = []
    for answer in (client.get(address), client.post(address, {"revision": "1", "body": "x"})):
        if answer.status_code != 405:
            _, _, page = answer.content.decode().partition("<main")
            said = re.sub(r"<[^>]*>|[0-9a-f-]{20,}|\d+", "", page.partition("</main>")[0])
            found.append((answer.status_code, said))
    return found


def test_every_page_says_whose_things_it_shows() -> None:
    assert sorted(routes()) == sorted(OBJECTS)


@pytest.mark.parametrize("path", HIDDEN)
def test_things_of_another_team_are_not_there(
    objects: Mapping[str, int], draft: Request, token: ServiceToken, path: str
) -> None:
    """Allowed and refused in the same world: for the team's own people the page is there."""
    number = str(objects[path.partition("/")[0]])
    there, missing = (f"/{re.sub('<[^>]+>', one, path)}" for one in (number, MISSING))
    outsider = signed_in("outsider")
    seen = answers(outsider, there)
    assert seen == answers(outsider, missing)
    assert {status for status, _ in seen} <= ({404} if path.startswith("requests") else {403, 404})
    draft.refresh_from_db()
    assert (draft.state, draft.revision, draft.comments.count()) == ("draft", 1, 0)
    token.refresh_from_db()
    assert token.revoked_at is None
    owner = signed_in("owner")
    assert answers(owner, there) != answers(owner, missing)


@pytest.mark.parametrize("path", WATCHED)
def test_who_may_not_see_accounts_learns_nothing_of_a_name(cast: Cast, path: str) -> None:
    there, missing = (
        f"/{path.replace('<str:username>', one).replace('<int:number>', MISSING)}"
        for one in ("viewer", "ghost")
    )
    outsider = signed_in("outsider")
    seen = [status for status, _ in answers(outsider, there)]
    assert seen == [status for status, _ in answers(outsider, missing)]
    assert set(seen) == {403}
    assert all(status != 403 for status, _ in answers(signed_in("platform"), there))
