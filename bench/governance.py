"""How long the server takes for what people wait for most: inbox, lists, search, a request, typing.

The pages come from a web process as `make up` starts it, over loopback, one request at a time.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from django.db import connection
from django.test import Client

from bench import asked, estate
from bench.estate import Company
from bench.table import Row
from config.stack import ports, programs
from config.stack.throwaway import Throwaway
from governance.models import Request, User
from governance.workflow import State

TITLE = "Pages of a large company"
ABOUT = (
    f"{asked.OPEN_REQUESTS:,} open requests and {asked.CLOSED_REQUESTS:,} that have ended, each "
    "with its items, findings, requirements, comments and events; "
    f"{estate.TOPICS:,} topics, declared and observed, with their sizes and {estate.GROUPS:,} "
    f"readers, and {estate.UNMANAGED:,} that nobody declared; {estate.SUBJECTS:,} subjects, "
    f"{estate.GRANTS:,} grants; {estate.PEOPLE} people in {estate.TEAMS} teams. A web process as "
    "`make up` starts it, over loopback, one request at a time, the whole of Django and of the "
    "page in it. *Weir* is the time within which 95 of 100 answers were there, in each of the "
    "rounds; *bare* is the same of `/healthz`, the cheapest answer of that same process, which "
    "reads nothing. *Processor* is what an answer took of the machine's processors, in the web "
    "process and in PostgreSQL, in the best round: what is left of it on a machine with nothing "
    "else to do. The requester is of one team; the owner of many owns eight; the platform reviewer "
    "is of none."
)
ROUNDS: Final = 3
REQUESTS: Final = 70  # in a round, for each page and person
LIMIT_MS: Final = 150.0
CSRF: Final = "c" * 32
OURS: Final = re.compile(r"parts|title|optional-\d+|on-\d+|i\d+-.*")  # fields of the composer

Ask = tuple[str, str, Mapping[str, str] | None]  # method, path, form


def run(servers: Throwaway) -> list[Row]:
    """Every page for every person who has it, in turns with the bare answer."""
    company = estate.make_company()
    asked.make_requests(company)
    _settle()
    with _web(servers) as web:
        return _measure(_pages(company, web), web)


def _settle() -> None:
    """What PostgreSQL's own housekeeping does within a minute of so many rows."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _web(servers: Throwaway) -> Iterator[Web]:
    (port,) = ports.free_block(1)
    servers.ensure(programs.web(port, {**os.environ, **servers.environment()}))
    pids = [child.process.pid for child in servers.started if child.name in ("web", "postgresql")]
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as web:
        yield Web(web, pids)


@dataclass(frozen=True, slots=True)
class Web:
    """The web process, asked over a connection that stays open, as a browser's does."""

    connection: http.client.HTTPConnection
    pids: Sequence[int] = ()

    def processor_ms(self) -> float:
        """What it and PostgreSQL have had of the processors so far, their children included, also
        those that have ended."""
        ticks = 0
        for pid in self.pids:
            tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for one in (str(pid), *tasks):
                with suppress(OSError):
                    fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
                    ticks += sum(map(int, fields[11:15]))
        return ticks * 1000 / os.sysconf("SC_CLK_TCK")

    def ask(self, ask: Ask, session: str = "") -> str:
        """The page that this answers with, which must be there."""
        method, path, form = ask
        headers = {"Cookie": f"sessionid={session}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
        body = None
        if form is not None:
            body = urlencode(form)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        assert answer.status == 200, f"{path} answered {answer.status}"
        return page


# --- What is measured -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """A page as one person has it: `ask` draws one of many of the same sort."""

    what: str
    session: str
    ask: Callable[[random.Random], Ask]
    seconds: list[list[float]] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)  # an answer, by round


def _measure(pages: Sequence[Page], web: Web) -> list[Row]:
    floor = Page("bare", "", lambda _: ("GET", "/healthz", None))
    for page in (floor, *pages):  # templates are read and the caches of the database are warm
        _round(page, web, 10)
        page.seconds.clear()
        page.processor_ms.clear()
    for _ in range(ROUNDS):
        for page in (floor, *pages):
            _round(page, web, REQUESTS)
    bare = [_at(95, seconds) for seconds in floor.seconds]
    return [_row(page, bare) for page in pages]


def _round(page: Page, web: Web, count: int) -> None:
    draw = random.Random(len(page.seconds))  # noqa: S311 - the same in every run, no secret
    seconds = []
    before = web.processor_ms()
    for _ in range(count):
        ask = page.ask(draw)
        began = time.perf_counter()
        web.ask(ask, page.session)
        seconds.append(time.perf_counter() - began)
    page.seconds.append(seconds)
    page.processor_ms.append((web.processor_ms() - before) / count)


def _row(page: Page, bare: Sequence[float]) -> Row:
    every = [one for seconds in page.seconds for one in seconds]
    beside = (
        f"p50 {_at(50, every):.0f}, p99 {_at(99, every):.0f}, "
        f"processor {min(page.processor_ms):.0f}"
    )
    return Row(
        f"{page.what} ({beside})",
        [_at(95, seconds) for seconds in page.seconds],
        bare,
        limit=LIMIT_MS,
        unit="ms",
    )


def _at(percent: int, seconds: Sequence[float]) -> float:
    """Milliseconds within which so many of a hundred were there."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] * 1000


# --- Pages and people -------------------------------------------------------------------------


def _pages(company: Company, web: Web) -> list[Page]:
    people = _people(company)
    sessions = {who: _session(user) for who, user in people.items()}
    pages = [
        Page(f"{what}, {who}", session, ask)
        for what, ask in _asks(company).items()
        for who, session in sessions.items()
    ]
    for who in ("requester", "owner of many"):
        page = web.ask(("GET", "/requests/new/", None), sessions[who])
        pages.append(Page(f"a rule answers while typing, {who}", sessions[who], _typing(page)))
    return pages


def _people(company: Company) -> dict[str, User]:
    team = company.teams[0].slug
    most = {user.pk: user for users in company.owners.values() for user in users}
    many = max(most.values(), key=lambda user: user.memberships.count())
    return {
        "requester": company.authors[team][0],
        "owner of many": many,
        "platform reviewer": company.platform,
    }


def _session(user: User) -> str:
    browser = Client()
    browser.force_login(user)
    return browser.cookies["sessionid"].value


def _asks(company: Company) -> dict[str, Callable[[random.Random], Ask]]:
    teams = [team.slug for team in company.teams]
    numbers = list(
        Request.objects.exclude(state=State.DRAFT).order_by("-pk").values_list("pk", flat=True)
    )

    def get(path: str, **query: str) -> Ask:
        return "GET", f"{path}?{urlencode(query)}" if query else path, None

    def listed(draw: random.Random) -> Ask:
        narrow = draw.choice(
            [
                {"state": "in_review", "team": draw.choice(teams)},
                {"kind": "grant", "environment": "production"},
                {"kind": "subject", "state": "changes_requested"},
                {"q": "records longer"},
                {"q": f"{draw.choice(teams)}.new.stream-1"},
                {"q": f"{draw.choice(teams)}.", "state": "in_review"},
                {"mine": "on", "state": "in_review"},
            ]
        )
        return get("/requests/", **narrow)

    def words(draw: random.Random) -> str:
        """As people type: a beginning, a middle, a number, something that is not there."""
        return draw.choice(
            [
                f"{draw.choice(teams)}.{draw.choice(estate.DOMAINS)}",
                draw.choice(estate.DOMAINS),
                f"{draw.choice(estate.FACTS)}-{draw.randrange(estate.TOPICS)}",
                f"#{draw.choice(numbers)}",
                f"nothing-{draw.randrange(1000)}",
            ]
        )

    def topics(draw: random.Random) -> Ask:
        narrow = draw.choice(
            [
                {"q": draw.choice(estate.DOMAINS)},
                {"q": f"{draw.choice(estate.FACTS)}-{draw.randrange(estate.TOPICS)}"},
                {"owner": draw.choice(teams), "env": "production"},
                {"q": draw.choice(estate.DOMAINS), "owner": draw.choice(teams)},
                {"drift": "yes"},
                {"q": draw.choice(estate.FACTS), "sort": "-partitions"},
            ]
        )
        return get("/topics/", **narrow)

    return {
        "inbox": lambda draw: get("/inbox/"),
        "requests, narrowed": listed,
        "search": lambda draw: get("/search/", q=words(draw)),
        "topics, narrowed": topics,
        "a request": lambda draw: get(f"/requests/{draw.choice(numbers)}/"),
    }


def _typing(page: str) -> Callable[[random.Random], Ask]:
    """What the browser sends while the name and the numbers of a topic are typed."""
    form = _Form()
    form.feed(page)

    def ask(draw: random.Random) -> Ask:
        name = f"{form.fields['team']}.{draw.choice(estate.DOMAINS)}.{draw.choice(estate.FACTS)}"
        typed = {
            "i0-name": name[: draw.randrange(8, len(name) + 1)],
            "i0-place": draw.choice(list(estate.CLUSTERS)),
            "i0-partitions": str(draw.randrange(1, 70)),
            "i0-retention": f"{draw.randrange(1, 60)} d",
        }
        return "POST", "/requests/check/", {**form.fields, **typed}

    return ask


class _Form(HTMLParser):
    """The fields of the page's form with the values that it came with."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            chosen = "selected" in found or self.select not in self.fields
            if chosen:
                self.fields[self.select] = found.get("value", "")
        elif tag == "textarea" and name:
            self.fields[name] = ""
        elif tag == "input" and OURS.fullmatch(name):
            unchecked = found.get("type") == "checkbox" and "checked" not in found
            if not unchecked:
                self.fields[name] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
