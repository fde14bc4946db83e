"""Every link, form and button on every page that somebody sees leads to where she may go.

A walk from the start page for each role: each link is followed, each form that only narrows is
sent, and each form that changes something is sent and taken back. None of them may end in a
refusal, since what leads to one should not have been shown.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client

from governance.models import User
from tests.browser.estate import Estate, make_estate
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

# Each role by somebody who has it and no other.
PEOPLE = {
    "nobody": "noor",
    "viewer": "vera",
    "requester": "priya",
    "owner": "jonas",
    "platform": "pat",
    "platform in a team": "mara",
    "steward": "stella",
    "auditor": "ines",
}
# So many addresses that differ in their values alone: pages of a list, versions of a subject.
ALIKE = 4
REFUSED = frozenset({400, 403, 404, 405, 409, 500})
LEAVES = ("/sign-out/",)


@pytest.fixture
def estate() -> Estate:
    made = make_estate()
    make_user("noor")
    make_user("vera", team="payments", roles=("viewer",))
    make_user("stella", org=("steward",))
    make_user("pat", org=("platform",))
    return made


@dataclass(slots=True)
class Form:
    """A form as a page has it, with the values it would send when nothing is typed."""

    method: str
    action: str
    values: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Ways(HTMLParser):
    """All that leads on from a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._select, self._chosen, self._textarea = "", "", ""
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        elif tag == "form" and has.get("method") != "dialog":
            self.forms.append(Form(has.get("method", "get").lower(), has.get("action", "")))
            self._inside = True
        if not self._inside:
            return
        form, name = self.forms[-1], has.get("name", "")
        match tag:
            case "input" if name and (
                has.get("type") not in {"checkbox", "radio"} or "checked" in has
            ):
                form.values.append((name, has.get("value", "on")))
            case "button" if name:
                form.buttons.append((name, has.get("value", "")))
            case "select":
                self._select, self._chosen = name, ""
            case "option" if self._select and ("selected" in has or not self._chosen):
                self._chosen = has.get("value", "")
            case "textarea":
                self._textarea = name
                form.values.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select" and self._inside and self._select:
            self.forms[-1].values.append((self._select, self._chosen))
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._textarea and self._inside:
            self.forms[-1].values[-1] = (self._textarea, data.strip())
            self._textarea = ""


@dataclass(slots=True)
class Walk:
    """One person's way through all that she sees."""

    client: Client
    start: str = "/"
    seen: set[str] = field(default_factory=set)
    alike: Counter[str] = field(default_factory=Counter)
    sent: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def go(self) -> list[str]:
        """What did not lead anywhere, one line each."""
        left = deque([(self.start, "the start")])
        while left:
            address, origin = left.popleft()
            answer = self.client.get(address, follow=True)
            if answer.status_code in REFUSED:
                self.wrong.append(f"{answer.status_code} {address} (a link on {origin})")
                continue
            found = Ways(answer.content.decode())
            here = answer.redirect_chain[-1][0] if answer.redirect_chain else address
            left += [(to, here) for to in self._new(here, found)]
            for form in found.forms:
                self._send(here, form)
        return self.wrong

    def _new(self, here: str, found: Ways) -> Iterator[str]:
        links = [*found.links, *map(_narrowing, (f for f in found.forms if f.method == "get"))]
        for link in links:
            to = urljoin(here, link).partition("#")[0]
            parts = urlsplit(to)
            if parts.scheme or parts.netloc or to in self.seen:
                continue
            names = sorted(pair.partition("=")[0] for pair in parts.query.split("&"))
            shape = f"{parts.path}?{names}"
            self.seen.add(to)
            self.alike[shape] += 1
            if self.alike[shape] <= ALIKE:
                yield to

    def _send(self, here: str, form: Form) -> None:
        """Sends a form that changes something, as often as it has buttons, and takes it back."""
        action = urljoin(here, form.action)
        if form.method != "post" or urlsplit(action).path in LEAVES:
            return
        for button in form.buttons or [("", "")]:
            shape = f"{re.sub('[?].*', '', action)} {button}"
            if shape in self.sent:
                continue
            self.sent.add(shape)
            values: dict[str, list[str]] = {}
            for name, value in (*form.values, button):
                values.setdefault(name, []).append(value)
            status, page = self._undone(action, values)
            # 409 and 422 are answers to what was typed, which is nothing here.
            if status in REFUSED - {409} or "You cannot" in page:
                self.wrong.append(f"{status} {shape} (a form on {here})")

    def _undone(self, action: str, values: dict[str, list[str]]) -> tuple[int, str]:
        """The answer to a form, and what the page says that it leads to; nothing stays of it."""
        status, notes = 0, ""
        try:
            with transaction.atomic():
                answer = self.client.post(action, values, follow=True)
                status = answer.status_code
                notes = "".join(
                    re.findall(r'class="note note-bad".*?</div>', answer.content.decode(), re.S)
                )
                raise _Undo
        except _Undo:
            return status, notes


def _narrowing(form: Form) -> str:
    return f"{form.action}?{urlencode(form.values)}"


class _Undo(Exception):
    """Takes back what a form has done."""


def signed_in(username: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=username))
    return client


@pytest.mark.parametrize("role", PEOPLE)
def test_nothing_that_is_shown_leads_to_a_refusal(estate: Estate, role: str) -> None:
    walk = Walk(signed_in(PEOPLE[role]))
    wrong = walk.go()
    assert not wrong, "\n" + "\n".join(wrong)
    # That it walked at all: the places of the top bar, a topic, a request, a form.
    for part in ("/inbox/", "/policies/", f"/topics/{estate.cluster}/{estate.topic}/"):
        assert part in {urlsplit(address).path for address in walk.seen}
    assert len(walk.seen) > 60
    assert len(walk.sent) > 1


@pytest.mark.parametrize("role", ["nobody", "platform", "steward", "auditor"])
def test_nor_does_anything_of_an_empty_installation(db: None, role: str) -> None:
    org = () if role == "nobody" else (role,)
    make_user("first", org=org)
    walk = Walk(signed_in("first"))
    wrong = walk.go()
    assert not wrong, "\n" + "\n".join(wrong)
    assert len(walk.seen) > 15


def test_who_cannot_ask_reads_why_and_what_to_do(estate: Estate) -> None:
    said = {
        "noor": "You are in no team yet. To ask for changes, let",
        "vera": "You are a viewer of payments. To ask for changes, be made a requester by Jonas",
        "pat": "You are in no team. To ask for changes, add yourself to one on its page.",
        "ines": "As an auditor you read.",
    }
    for username, why in said.items():
        client = signed_in(username)
        for path in ("/", "/requests/", "/topics/", "/subjects/", "/requests/new/"):
            assert why in client.get(path).content.decode(), (username, path)
    assert "cannot" not in signed_in("priya").get("/topics/").content.decode()
