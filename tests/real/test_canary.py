"""A canary in every secret field, looked for in everything that Weir leaves behind.

Weir's own five processes run on a database and a Valkey database of their own, so that nobody
else's rows and logs are read. Its pages and API are used as people use them, and each outside
system is away or refuses, since it is errors that talk too much.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests

from config.stack import children, ports, programs
from config.stack.children import Child
from config.stack.paths import Folders
from config.stack.service import start
from tests.governance.receivers import Hooks, hook_server
from tests.real.canary.secret_fields import STANDS_FOR
from tests.real.canary.traces import dump, hits, kept, overheard
from tests.real.people import eventually
from tests.real.registry_processes import count, database, environment, run_manage
from tests.stack_plugin import KafkaAccess

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

ADMIN = "canary-keeper"
# Pages and lists that show what was typed, what failed and what happened.
PAGES = (
    "/", "/inbox/", "/requests/", "/search/?q=c", "/policies/", "/audit/", "/teams/",
    "/teams/payments/", "/people/", f"/people/{ADMIN}/", "/environments/", "/account/", "/tokens/",
    "/sign-in-setup/", "/topics/", "/drift/", "/clusters/", "/clusters/away/", "/clusters/refuses/",
    "/clusters/away/change/", "/subjects/", "/waivers/", "/grants/", "/access/", "/no-such-page/",
    "/policies/naming/yaml/",
)  # fmt: skip
READS = (
    "me", "identity", "environments", "people", f"people/{ADMIN}", "teams", "requests", "policies",
    "audit/events", "audit/seals", "tokens", "clusters", "clusters/away", "clusters/refuses",
    "topics", "drift", "waivers", "simulations", "problems", "openapi.json", "clusters/none",
)  # fmt: skip
# One person with every role, a team, and a session that a provider vouched for.
SET_UP = """
from django.db import transaction
from governance import audit
from governance.actors import system_actor
from governance.identity.provider import Tokens
from governance.models import Environment, Identity, Membership, Team, User
from governance.notices.table import Happening
from governance.services import notices, vouching
by = system_actor()
with transaction.atomic():
    environment = Environment.objects.create(slug="production", name="Production", production=True)
    team = Team.objects.create(slug="payments", name="Payments")
    keeper = User.objects.create_superuser({name!r}, "keeper@example.com", {password!r})
    Membership.objects.create(user=keeper, team=team, role="owner")
    audit.record("person.created", by=by, about=keeper)
    known = Identity.objects.create(user=keeper, source="oidc", issuer="x", subject="keeper")
    vouching.begin(known, Tokens({token!r}, {token!r}))
notices.tell(Happening.ENDS_SOON, people=[keeper.pk], key="canary", by=by, title="A lease")
"""


@dataclass(slots=True)
class Weir:
    """Running processes, what was hidden in them, and what they have answered."""

    web: str
    registry: str
    folders: Folders
    database_url: str
    redis_url: str
    session: requests.Session = field(default_factory=requests.Session)
    canaries: dict[str, str] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)

    def get(self, path: str) -> str:
        """A page, which is kept to be searched."""
        return self._kept(f"GET {path}", self.session.get(self.web + path, timeout=120))

    def post(self, path: str, form: dict[str, str]) -> str:
        """The page after a form, likewise."""
        typed = form | {"csrfmiddlewaretoken": str(self.session.cookies["csrftoken"])}
        return self._kept(f"POST {path}", self.session.post(self.web + path, typed, timeout=120))

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of a write through the API, likewise."""
        key = hashlib.sha256(f"{path} {body}".encode()).hexdigest()
        token = {"X-CSRFToken": str(self.session.cookies["csrftoken"]), "Idempotency-Key": key}
        url = f"{self.web}/api/v1/{path}"
        said = self.session.post(url, json=body, headers=token, timeout=120)
        self._kept(f"POST {url}", said)
        return dict(said.json())

    def _kept(self, what: str, answer: requests.Response) -> str:
        told = f"{answer.status_code} {answer.headers}\n".encode() + answer.content
        self.answers[what] = self.answers.get(what, b"") + told
        return answer.text

    def shows_once(self, what: str, name: str, secret: str) -> None:
        """This one answer gives a secret to whom it belongs: from now on it is a canary."""
        assert secret.encode() in self.answers.pop(what), what
        self.canaries[name] = secret


@pytest.fixture(scope="module")
def weir(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Weir]:
    folders = Folders(tmp_path_factory.mktemp("canary"))
    folders.make()
    web, registry = ports.free_block(2)
    # The last of Valkey's databases: the workers of pytest-xdist count from the first.
    jobs = urlsplit(redis_url)._replace(path="/15").geturl()
    hidden = {name: f"canary-{uuid4().hex}" for name in STANDS_FOR.values()}
    with database(database_url) as url, ExitStack() as stack:
        env = {
            **environment(url, "none"),
            "WEIR_REDIS_URL": jobs,
            "WEIR_BASE_URL": f"http://127.0.0.1:{web}",
            "WEIR_LOG_LEVEL": "DEBUG",
            "WEIR_SCAN_INTERVAL": "2s",
            "WEIR_OIDC_ISSUER": "http://127.0.0.1:1",
            "WEIR_OIDC_CLIENT_ID": "weir",
            "WEIR_LDAP_URL": "ldap://127.0.0.1:1",
            "WEIR_LDAP_USER_BASE": "ou=people,dc=x",
            "WEIR_LDAP_GROUP_BASE": "ou=groups,dc=x",
            "WEIR_LDAP_BIND_DN": "cn=weir,dc=x",
            **{name: hidden[what] for name, what in STANDS_FOR.items() if name.startswith("WEIR_")},
            "WEIR_EMAIL_URL": "smtp://weir:{}@127.0.0.1:1".format(hidden["mail server's password"]),
            "WEIR_WEBHOOK_PRIVATE_HOSTS": "127.0.0.1",
        }
        env.pop("WEIR_SECRET_KEY_FILE", None)
        words = {
            "name": ADMIN,
            "password": hidden["own password"],
            "token": hidden["provider's token"],
        }
        mail = {"WEIR_EMAIL_URL": env["WEIR_EMAIL_URL"]}
        run_manage(url, "shell", "-c", SET_UP.format(**words), **mail)
        worker = replace(programs.worker(env), serves=lambda: True)
        parts = (
            programs.web(web, env), programs.registry(registry, env), worker,
            programs.beat(folders.beat, env), replace(programs.notices(env), serves=lambda: True),
        )  # fmt: skip
        started: list[Child] = []
        stack.callback(lambda: children.stop(started))
        for part in parts:
            started.append(start(part, folders))
        addresses = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{registry}"
        found = Weir(*addresses, folders, url, jobs, canaries=hidden)
        stack.callback(found.session.close)
        yield found


def test_no_secret_is_anywhere_but_where_it_belongs(weir: Weir, kafka: KafkaAccess) -> None:
    with overheard(weir.redis_url) as commands, hook_server() as receiver:
        _signs_in_and_fails_to(weir)
        _connects_clusters(weir, kafka)
        _has_a_token(weir)
        _has_a_second_factor(weir)
        hooks = _has_webhooks(weir)
        _has_one_that_is_heard(weir, receiver)
        for page in PAGES:
            weir.get(page)
        for read in READS:
            weir.get(f"/api/v1/{read}")
        # The scan has tried both clusters, and says of each that it could not.
        eventually(lambda: _clusters_failed(weir), 300, every=2)
        # So have mail and webhooks been, which nobody takes.
        eventually(lambda: all(_failed(weir, hook) for hook in hooks), 300, every=2)
        eventually(lambda: _mail_failed(weir), 300, every=2)
        eventually(lambda: receiver.calls, 300, every=2)
        shown = (f"/hooks/{hook}/" for hook in hooks)
        for page in ("/clusters/away/", "/clusters/refuses/", "/audit/", "/hooks/", *shown):
            weir.get(page)
    places = {
        **weir.answers,
        **_logs(weir),
        "dump of the database": dump(weir.database_url),
        "keys and values of Valkey": kept(weir.redis_url),
        "commands to Valkey": "\n".join(commands).encode(),
        "calls of a webhook": _heard(receiver),
    }
    assert hits(places, weir.canaries) == []

    # What was searched is not empty: what is no secret is found where it must be.
    assert b"refuses" in places["dump of the database"]
    assert b"fernet:" in places["dump of the database"]
    assert b"topics.scan" in places["commands to Valkey"]
    assert ADMIN.encode() in places["GET /account/"]
    assert b'"happening":' in places["calls of a webhook"]
    assert len(weir.canaries) == len(set(STANDS_FOR.values())) + 3


def _signs_in_and_fails_to(weir: Weir) -> None:
    """With a wrong password, through a directory and a provider that are away, and then rightly."""
    weir.get("/sign-in/")
    for username in (ADMIN, "somebody-of-the-directory"):
        weir.canaries["password that was wrong"] = wrong = f"canary-{'wrong'}-{uuid4().hex}"
        weir.post("/sign-in/", {"username": username, "password": wrong})
    weir.get("/sign-in/oidc/")
    weir.post("/sign-in/oidc/", {})
    weir.get("/sign-in/oidc/back/?error=server_error&state=none")
    weir.get("/sign-in/")
    old = weir.canaries["own password"]
    weir.post("/sign-in/", {"username": ADMIN, "password": old})
    weir.canaries["own password"] = new = f"canary-{uuid4().hex}"
    said = weir.post("/account/", {"old": old, "new": new, "again": new})
    assert ADMIN in said


def _connects_clusters(weir: Weir, kafka: KafkaAccess) -> None:
    """One that nobody answers at, with a key, and one that does not know the password."""
    security = {"mechanism": "SCRAM-SHA-512", "username": "nobody"}
    for slug, protocol, bootstrap in (
        ("away", "SASL_SSL", "127.0.0.1:1"),
        ("refuses", "SASL_PLAINTEXT", kafka.bootstrap),
    ):
        body = {
            "slug": slug,
            "name": slug,
            "environment": "production",
            "bootstrap": bootstrap,
            "security": {**security, "protocol": protocol},
            "password": weir.canaries["SASL password"],
            "key_password": weir.canaries["password of the TLS key"],
        }
        weir.call("clusters", body)
        weir.call(f"clusters/{slug}/test", {})
    # What is refused carries what was typed, too.
    weir.call(
        "clusters", {"slug": "x", "password": weir.canaries["SASL password"], "zones": "many"}
    )


def _clusters_failed(weir: Weir) -> bool:
    """Whether a worker has tried both, and wrote down why it could not read them."""
    return count(weir.database_url, "SELECT count(*) FROM topics_cluster WHERE error <> ''") == 2


def _has_a_token(weir: Weir) -> None:
    """Shown once; then used where it may be and where it may not."""
    body = {"name": "canary", "team": "payments", "scopes": ["registry:read", "registry:write"]}
    secret = weir.call("tokens", body)["secret"]
    weir.shows_once(f"POST {weir.web}/api/v1/tokens", "service token", secret)
    again = weir.call("tokens", body)
    assert secret not in str(again), "the same key again does not show it again"
    for header in (
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"Basic {base64.b64encode(f'x:{secret}'.encode()).decode()}"},
        {"Authorization": f"Basic {base64.b64encode(f'x:{secret}x'.encode()).decode()}"},
        {"Authorization": f"Bearer {secret}x"},
    ):
        for url in (
            f"{weir.registry}/subjects",
            f"{weir.web}/api/v1/clusters",
            f"{weir.web}/metrics",
        ):
            answer = requests.get(url, headers=header, timeout=60)
            weir._kept(f"GET {url}", answer)
        url = f"{weir.registry}/subjects/s/versions"
        answer = requests.post(url, json={"schema": "broken"}, headers=header, timeout=60)
        weir._kept(f"POST {url}", answer)


def _has_a_second_factor(weir: Weir) -> None:
    """Secret and codes are shown once; a wrong code before the right one."""
    path = "/account/second-factor/"
    shown = weir.get(path)
    (secret,) = re.findall(r'<p class="name">([A-Z2-7 ]{16,})</p>', shown)
    weir.shows_once(f"GET {path}", "second factor", secret.replace(" ", ""))
    own = weir.canaries["own password"]
    weir.post(path, {"code": _code(secret), "password": own})
    codes = re.findall(r'<li class="name">([^<]+)</li>', weir.answers[f"POST {path}"].decode())
    assert len(codes) == 10
    weir.shows_once(f"POST {path}", "recovery code", codes[0])


def _has_webhooks(weir: Weir) -> list[int]:
    """A signed one, whose secret is shown once, and an address of a chat service, which is one."""
    made = []
    chat = weir.canaries["address of a chat service"] = uuid4().hex[:24]
    for name, address in (
        ("signed", "http://127.0.0.1:1/in"),
        ("chat", f"slack://T1JJ3T3L2/A1BRTD4JD/{chat}"),
    ):
        body = {"name": name, "team": "payments", "address": address, "happenings": ["submitted"]}
        said = weir.call("hooks", body)
        if name == "signed":
            weir.shows_once(f"POST {weir.web}/api/v1/hooks", "webhook's secret", said["secret"])
        made.append(int(said["hook"]["id"]))
        weir.call(f"hooks/{made[-1]}/test", {})
    # What is refused carries what was typed, too.
    weir.call(
        "hooks", {"name": "x", "team": "payments", "address": f"slack://{chat}", "happenings": []}
    )
    return made


def _has_one_that_is_heard(weir: Weir, receiver: Hooks) -> None:
    """A signed one that arrives, so that what is sent is searched too."""
    address = f"{receiver.url}/in"
    body = {"name": "heard", "team": "payments", "address": address, "happenings": ["submitted"]}
    said = weir.call("hooks", body)
    weir.shows_once(f"POST {weir.web}/api/v1/hooks", "secret of a webhook", said["secret"])
    weir.call(f"hooks/{said['hook']['id']}/test", {})


def _heard(receiver: Hooks) -> bytes:
    """Every call as it came: path, headers, body."""
    return b"\n".join(f"{path} {headers}".encode() + body for path, headers, body in receiver.calls)


def _failed(weir: Weir, hook: int) -> bool:
    """Whether a delivery was tried, and the page says why it did not arrive."""
    weir.get(f"/api/v1/hooks/{hook}/deliveries")
    url = f"{weir.web}/api/v1/hooks/{hook}/deliveries"
    found = weir.session.get(url, timeout=120).json()["results"]
    return any(one["last_error"] for one in found)


def _mail_failed(weir: Weir) -> bool:
    tried = "user_id IS NOT NULL AND last_error <> ''"
    return count(weir.database_url, f"SELECT count(*) FROM governance_delivery WHERE {tried}") == 1  # noqa: S608


def _code(secret: str) -> str:
    """The code that an app shows now (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    start_at = digest[-1] & 15
    number = struct.unpack(">I", digest[start_at : start_at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def _logs(weir: Weir) -> dict[str, bytes]:
    """What every process has written, and with which command line it runs."""
    found = {f"log {path.stem}": path.read_bytes() for path in weir.folders.logs.glob("*.log")}
    lines = Path("/proc").glob("[0-9]*/cmdline")
    ours = [line.read_bytes() for line in lines if line.parent.name != str(os.getpid())]
    return found | {"command lines": b"\n".join(ours)}
