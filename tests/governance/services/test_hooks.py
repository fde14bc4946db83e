"""Webhooks are registered by those who may, and their secrets are shown once and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from pytest_django import Settings as SettingsWrapper

from governance.actors import Actor
from governance.errors import Conflict, Invalid, NotAllowed, NotFound, Taken
from governance.models import Delivery, Event, Hook, Notification, User
from governance.secrets import SecretError, reveal
from governance.services import hooks, tidying
from governance.services.heartbeat import Clock
from tests.factories import Cast, make_cast, make_hook
from tests.governance.api.conftest import Caller, person, program
from tests.governance.notices.test_chats import GOOD

pytestmark = pytest.mark.django_db

ADDRESS = "https://hooks.example.com/canary-path?key=canary-query"


@pytest.fixture
def cast() -> Cast:
    return make_cast("payments")


@pytest.fixture(autouse=True)
def keys(settings: SettingsWrapper, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"k1:{Fernet.generate_key().decode()}\n")
    settings.SECRET_KEYS_FILE = str(file)


def create(cast: Cast, by: Actor, address: str = ADDRESS, name: str = "Build") -> tuple[Hook, str]:
    return hooks.create(name=name, team=cast.team, address=address, happenings=[], by=by)


def test_owners_and_platform_register_and_others_do_not(cast: Cast) -> None:
    create(cast, cast.owner)
    create(cast, cast.platform, name="Other")
    for other in (cast.requester, cast.viewer, cast.auditor, cast.outsider, cast.steward):
        with pytest.raises(NotAllowed, match="change webhooks of payments"):
            create(cast, other, name="Third")
    hooks.create(name="All", team=None, address=ADDRESS, happenings=[], by=cast.platform)
    with pytest.raises(NotAllowed, match="change webhooks of this installation"):
        hooks.create(name="All", team=None, address=ADDRESS, happenings=[], by=cast.owner)


def test_another_teams_webhook_is_not_there(cast: Cast) -> None:
    hook, _ = create(cast, cast.owner)
    for action in (hooks.pause, hooks.resume, hooks.delete, hooks.send_test):
        with pytest.raises(NotFound):
            action(hook.pk, by=cast.outsider)
        with pytest.raises(NotAllowed):
            action(hook.pk, by=cast.viewer)
    hooks.delete(hook.pk, by=cast.owner)
    assert not Hook.objects.exists()
    assert Event.objects.filter(action="hook.deleted").exists()


def test_the_secret_is_kept_encrypted(cast: Cast) -> None:
    hook, secret = create(cast, cast.owner)
    assert secret.startswith("whs_")
    assert hook.secret_ref.startswith("fernet:k1:")
    assert reveal(hook.secret_ref).reveal() == secret
    chat, shown = create(cast, cast.owner, GOOD["slack"], name="Slack")
    assert (shown, chat.scheme, chat.address) == ("", "slack", "")
    assert reveal(chat.secret_ref).reveal() == GOOD["slack"]


def test_without_a_key_nothing_is_registered(cast: Cast, settings: SettingsWrapper) -> None:
    settings.SECRET_KEYS_FILE = ""
    with pytest.raises(SecretError):
        create(cast, cast.owner)
    assert not Hook.objects.exists()


def test_names_are_once_in_a_team_and_values_are_judged(cast: Cast) -> None:
    create(cast, cast.owner)
    with pytest.raises(Taken):
        create(cast, cast.owner)
    for name in ("", " ", "x" * 121, "a\x00b"):
        with pytest.raises(Invalid) as refused:
            create(cast, cast.owner, name=name)
        assert refused.value.path == "name"
    with pytest.raises(Invalid) as refused:
        hooks.create(
            name="x", team=cast.team, address=ADDRESS, happenings=["rained"], by=cast.owner
        )
    assert refused.value.path == "happenings"


def test_there_is_a_limit_and_one_of_waiting_tests(cast: Cast) -> None:
    hook, _ = create(cast, cast.owner)
    for _ in range(hooks.TESTS_WAITING):
        hooks.send_test(hook.pk, by=cast.owner)
    with pytest.raises(Conflict, match="wait already"):
        hooks.send_test(hook.pk, by=cast.owner)
    for number in range(hooks.MOST_OF_A_TEAM - 1):
        make_hook("payments", name=f"n{number}")
    with pytest.raises(Conflict, match="which is all"):
        create(cast, cast.owner, name="One more")


def test_no_page_answer_event_or_row_shows_a_secret(
    cast: Cast, capfd: pytest.CaptureFixture[str]
) -> None:
    """Canaries in all that is secret, looked for in all that can be read."""
    owner, viewer = Client(), Client()
    owner.force_login(User.objects.get(username="owner"))
    viewer.force_login(User.objects.get(username="viewer"))
    form = {"name": "Build", "team": "payments", "address": ADDRESS, "happenings": ["applied"]}
    made = owner.post("/hooks/", form)
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    secret = reveal(Hook.objects.get().secret_ref).reveal()
    assert secret in made.content.decode()
    chat = GOOD["slack"]
    owner.post("/hooks/", {**form, "name": "Chat", "address": chat})
    canaries = [secret, "canary-path", "canary-query", *chat.split("/")[2:]]
    api = person(cast.owner)
    key = {"Idempotency_Key": "once"}
    body = {"name": "By call", "team": "payments", "address": ADDRESS}
    first, again = api.post("hooks", body, **key), api.post("hooks", body, **key)
    assert first.body["secret"].startswith("whs_")
    assert again.body["secret"] is None
    canaries.append(first.body["secret"])
    numbers = list(Hook.objects.values_list("pk", flat=True))
    for number in numbers:
        api.post(f"hooks/{number}/test")
    pages = ["/hooks/", *(f"/hooks/{number}/" for number in numbers)]
    seen = [client.get(page).content.decode() for client in (owner, viewer) for page in pages]
    paths = ["hooks", *(f"hooks/{n}{rest}" for n in numbers for rest in ("", "/deliveries"))]
    seen += [str(api.get(path).body) for path in paths]
    seen += [str(list(model.objects.values())) for model in (Event, Delivery, Notification)]
    said = capfd.readouterr()
    seen += [said.out, said.err]
    for text in seen:
        for canary in canaries:
            assert canary not in text


def test_a_refused_address_is_not_repeated(cast: Cast) -> None:
    owner = Client()
    owner.force_login(User.objects.get(username="owner"))
    form = {"name": "Chat", "team": "payments", "happenings": ["applied"]}
    answer = owner.post("/hooks/", {**form, "address": "json://user:canary@localhost"})
    assert answer.status_code == 422
    assert "is none that Weir sends to" in answer.content.decode()


def test_programs_have_no_business_with_webhooks_or_notices(cast: Cast) -> None:
    token: Caller = program("api:write")
    for path in ("hooks", "me/notices", "me/notices/choice"):
        assert token.get(path).status == 403
        assert person(cast.owner).get(path).status == 200


def test_what_is_old_and_read_is_tidied(cast: Cast) -> None:
    hook = make_hook("payments")
    person_id = cast.owner.user_id
    assert person_id is not None
    rows = [
        Notification.objects.create(
            user_id=person_id,
            key=str(n),
            happening="applied",
            sort="progress",
            sentence="x",
        )
        for n in range(5)
    ]
    Notification.objects.filter(pk=rows[0].pk).update(read_at=Clock() - tidying.KEPT * 1.1)
    long_ago = Clock() - tidying.KEPT_UNREAD * 1.1
    Notification.objects.filter(pk=rows[3].pk).update(created_at=long_ago)
    Notification.objects.filter(pk=rows[4].pk).update(created_at=long_ago, read_at=Clock())
    Notification.objects.filter(pk=rows[1].pk).update(read_at=Clock())
    for n, settled in enumerate((Clock() - tidying.KEPT * 1.1, Clock(), None)):
        Delivery.objects.create(key=f"d{n}", hook=hook, settled_at=settled)
    assert tidying.notices() == 3
    assert set(Notification.objects.values_list("pk", flat=True)) == {rows[n].pk for n in (1, 2, 4)}
    assert set(Delivery.objects.values_list("key", flat=True)) == {"d1", "d2"}
