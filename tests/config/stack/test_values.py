"""A wrong value of any variable stops `make up` with one sentence, before anything is made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import env
from config.stack import checks, options
from config.stack.paths import ROOT

# What each variable cannot be: words for numbers, numbers out of range, odd letters, great length.
NONSENSE = {
    "WEIR_PORT": ["web", "0", "65536", "-1", "80.5", "٣٠", "9" * 400],
    "WEIR_REGISTRY_PORT": ["x", "70000"],
    "WEIR_PG_PORT": ["x", "0"],
    "WEIR_REDIS_PORT": ["x", "0"],
    "WEIR_KAFKA_PORT": ["x", "65535"],
    "WEIR_DATA": ['/tmp/a"b', "/tmp/a,b", "/tmp/a\nb"],
    "WEIR_DATABASE_URL": ["postgres", "mysql://h/d", "postgresql://", "postgresql://h", "x y"],
    "WEIR_REDIS_URL": ["redis", "http://h", "redis://h/jobs"],
    "WEIR_KAFKA_BOOTSTRAP": ["kafka", "kafka:soon", "kafka:0", ":9092", "a:1,,b:2", "日本:9092"],
    "WEIR_DEMO": ["maybe", "2"],
    "WEIR_DEBUG": ["maybe"],
    "WEIR_REGISTRY_ANONYMOUS": ["all", "reads"],
    "WEIR_BASE_URL": ["here", "ftp://h", "http://", "http://h/path", "http://ü.example"],
    "WEIR_REGISTRY_URL": ["here", "http://"],
    "WEIR_ALLOWED_HOSTS": ["http://h", "h:8000", "a b"],
    "WEIR_SECRET_KEY_FILE": ["/does/not/exist"],
    "WEIR_SECRET_KEYS_FILE": ["/does/not/exist", "/dev/null"],
    "WEIR_SECRET_FOLDERS": ["secrets"],
    "WEIR_MEASURE_INTERVAL": ["often", "-5s", "0s", "10", "99999999h", "٣s"],
    "WEIR_SCAN_INTERVAL": ["often", "-5s", "0s", "10", "99999999h", "٣s"],
    "WEIR_LEASE_TTL": ["long", "1s", "30d"],
    "WEIR_SWEEP_INTERVAL": ["x", "0s"],
    "WEIR_REQUEST_LIFETIME": ["x", "1s", "999d"],
    "WEIR_REMINDER_AFTER": ["x", "1s", "999d"],
    "WEIR_EMAIL_URL": ["mail", "http://h", "smtp://", "smtp://u@h", "smtp://h:0", "smtp://h/x"],
    "WEIR_EMAIL_FROM": ["weir", "a@b\nBcc: c@d", "ü@example.com"],
    "WEIR_WEBHOOK_PRIVATE_HOSTS": ["http://h", "h:8000", "a b"],
    "WEIR_REGISTRY_CACHE_MIB": ["x", "0", "4097"],
    "WEIR_REGISTRY_MODE_CHANGES": ["never"],
    "WEIR_REGISTRY_GATE": ["shut", "by request"],
    "WEIR_REGISTRY_RIGHTS": ["shut", "1"],
    "WEIR_REGISTRY_ASK_AGAIN": ["later", "0s"],
    "WEIR_REGISTRY_RATE": ["fast", "-1", "1000001"],
    "WEIR_REGISTRY_BURST": ["x", "-1", "2000001"],
    "WEIR_TRUSTED_PROXIES": ["all", "-1", "1000000"],
    "WEIR_OIDC_ISSUER": ["acme", "ldap://h", "http://sso.example"],
    "WEIR_OIDC_SCOPES": ["profile", 'openid "x"'],
    "WEIR_OIDC_GROUPS": ["nonsense", "x => king", "=> owner:a"],
    "WEIR_OIDC_CLIENT_SECRET_FILE": ["/does/not/exist"],
    "WEIR_LDAP_URL": ["acme", "http://h", "ldap://ldap.example"],
    "WEIR_LDAP_STARTTLS": ["maybe"],
    "WEIR_LDAP_CA_FILE": ["/does/not/exist"],
    "WEIR_LDAP_USER_FILTER": ["uid={username}", "(uid=ada)", "(uid={name})", "(uid={username}"],
    "WEIR_LDAP_GROUP_FILTER": ["(member=me)", "member={dn}"],
    "WEIR_LDAP_GROUP_ATTRIBUTE": ["c n", "1"],
    "WEIR_LDAP_ID_ATTRIBUTE": ["(id)"],
    "WEIR_LDAP_NAME_ATTRIBUTE": ["*"],
    "WEIR_LDAP_MAIL_ATTRIBUTE": ["a=b"],
    "WEIR_LDAP_TIMEOUT": ["soon", "0s", "5m"],
    "WEIR_LDAP_GROUPS": ["nonsense"],
    "WEIR_IDENTITY_RECHECK": ["often", "2h"],
    "WEIR_IDENTITY_GRACE": ["long", "9d"],
    "WEIR_LOCAL_SIGN_IN": ["never"],
    "WEIR_MFA_REQUIRED": ["some"],
    "WEIR_LOG_FORMAT": ["xml"],
    "WEIR_LOG_LEVEL": ["LOUD"],
}
# Any text will do for these, or what they name is looked at when it is used.
ANY_TEXT = {
    "WEIR_STATIC_ROOT",
    "WEIR_SECRET_KEY",
    "WEIR_OIDC_CLIENT_ID",
    "WEIR_OIDC_CLIENT_SECRET",
    "WEIR_OIDC_GROUPS_CLAIM",
    "WEIR_OIDC_USERNAME_CLAIM",
    "WEIR_OIDC_LABEL",
    "WEIR_LDAP_USER_BASE",
    "WEIR_LDAP_GROUP_BASE",
    "WEIR_LDAP_BIND_DN",
    "WEIR_LDAP_BIND_PASSWORD",
    "WEIR_LDAP_LABEL",
    "WEIR_DEMO_KAFKA_BOOTSTRAP",
    "WEIR_DEMO_KAFKA_CLIENTS",
    "WEIR_DEMO_KAFKA_USER",
    "WEIR_DEMO_KAFKA_PASSWORD",
}
CASES = [(name, value) for name, values in NONSENSE.items() for value in values]
NAMED = re.compile(r"WEIR_[A-Z_]+[A-Z]")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in {*NONSENSE, *ANY_TEXT}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WEIR_DATA", str(tmp_path / "data"))
    yield
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{n}={v[:24]!r}" for n, v in CASES])
def test_a_wrong_value_is_one_sentence_that_names_the_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(env.WrongValue) as refused:
        checks.values(options.read())
    said = str(refused.value)
    assert name in said
    assert "\n" not in said
    assert len(said) < 250


def test_what_is_right_passes() -> None:
    checks.values(options.read())


def read_in_the_code() -> set[str]:
    """Variables that the readers of `config.env` and `config.named` are called with."""
    call = re.compile(r"""\b(?:(?:env|named)\.\w+|_port|text)\(\s*"(WEIR_\w+)\"""")
    return {n for path in (ROOT / "config").rglob("*.py") for n in call.findall(path.read_text())}


def test_every_variable_is_in_the_table_and_the_table_has_no_other() -> None:
    table = (ROOT / "docs" / "operations.md").read_text()
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `WEIR_")]
    told = {name.removesuffix("_FILE") for cell in first for name in NAMED.findall(cell)}
    of_tests = {name for name in told if name.startswith("WEIR_TEST_")} | {"WEIR_CHROMIUM"}
    demo = {name for name in ANY_TEXT if name.startswith("WEIR_DEMO_")}  # "…_USER" in one row
    read = {name.removesuffix("_FILE") for name in read_in_the_code()}
    assert (told | demo) - of_tests == read - of_tests


def test_no_variable_goes_without_a_check() -> None:
    assert read_in_the_code() <= {*NONSENSE, *ANY_TEXT, "WEIR_CHROMIUM"}
