"""config.env: what is read, and the one sentence for what cannot be."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import env

NAME = "WEIR_TEST_ONLY"
Put = Callable[[str], None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)

    def put(text: str) -> None:
        monkeypatch.setenv(NAME, text)

    return put


def test_unset_gives_the_default_and_set_to_nothing_counts_as_unset(put: Put) -> None:
    for _ in range(2):
        assert env.text(NAME, "a") == "a"
        assert env.text(NAME, None) is None
        assert env.flag(NAME) is False
        assert env.flag(NAME, True) is True
        assert env.number(NAME, 7) == 7
        assert env.duration(NAME, "15s") == timedelta(seconds=15)
        assert env.duration(NAME, timedelta(days=1)) == timedelta(days=1)
        assert env.url(NAME, "http://localhost:8000") == "http://localhost:8000"
        assert env.choice(NAME, "none", ("none", "read")) == "none"
        assert env.secret(NAME, None) is None
        assert env.names(NAME, "a, b") == ("a", "b")
        put("  ")


def test_a_variable_without_default_must_be_set(put: Put) -> None:
    for read in (env.text, env.number, env.duration, env.url, env.secret):
        with pytest.raises(env.WrongValue, match=f"^{NAME} is not set"):
            read(NAME)


@pytest.mark.parametrize(
    ("given", "value"),
    [("1", True), ("YES", True), ("on", True), ("0", False), ("False", False), ("off", False)],
)
def test_flag(put: Put, given: str, value: bool) -> None:
    put(given)
    assert env.flag(NAME, not value) is value


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("15s", timedelta(seconds=15)),
        ("1.5m", timedelta(seconds=90)),
        ("12H", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
    ],
)
def test_duration(put: Put, given: str, value: timedelta) -> None:
    put(given)
    assert env.duration(NAME, "1s") == value


@pytest.mark.parametrize(
    ("given", "read", "sentence"),
    [
        ("maybe", lambda: env.flag(NAME), "is 'maybe': use 1 to switch it on or 0"),
        ("many", lambda: env.number(NAME, 1), "is 'many': use a whole number."),
        ("٣", lambda: env.number(NAME, 1), "use a whole number."),
        ("1_0", lambda: env.number(NAME, 1), "use a whole number."),
        (
            "70000",
            lambda: env.number(NAME, 1, minimum=1, maximum=65535),
            "is 70000: use a whole number from 1 to 65535.",
        ),
        ("0", lambda: env.number(NAME, 1, minimum=1), "is 0: use a whole number from 1 on."),
        ("9", lambda: env.number(NAME, 1, maximum=8), "is 9: use a whole number up to 8."),
        ("15", lambda: env.duration(NAME, "1s"), "is '15': use a number and a unit"),
        ("-5s", lambda: env.duration(NAME, "1s"), "use a number and a unit"),
        (
            "1ms",
            lambda: env.duration(NAME, "1s", minimum=timedelta(seconds=1)),
            "is '1ms': use 1s or more.",
        ),
        (
            "2d",
            lambda: env.duration(NAME, "1s", maximum=timedelta(hours=1)),
            "is '2d': use 3600s or less.",
        ),
        ("ftp://x", lambda: env.url(NAME), "does not begin with http:// or https://"),
        ("http://", lambda: env.url(NAME), "names no host"),
        ("http://x:99999", lambda: env.url(NAME), "cannot be read as a URL"),
        ("http://[x", lambda: env.url(NAME), "cannot be read as a URL"),
        (
            "all",
            lambda: env.choice(NAME, "none", ("none", "read", "full")),
            "is 'all': use one of none, read, full.",
        ),
    ],
)
def test_a_wrong_value_is_one_sentence(
    put: Put, given: str, read: Callable[[], object], sentence: str
) -> None:
    put(given)
    with pytest.raises(env.WrongValue) as caught:
        read()
    said = str(caught.value)
    assert said.startswith(f"{NAME} ")
    assert sentence in said
    assert said.endswith(".")
    assert caught.value.name == NAME


def test_choice_gives_back_the_option_as_it_is_written(put: Put) -> None:
    put("FULL")
    assert env.choice(NAME, "none", ("none", "full")) == "full"


def test_secret_from_a_file(put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    with pytest.raises(env.WrongValue, match="cannot be read"):
        env.secret(NAME)
    file.write_text("\n")
    with pytest.raises(env.WrongValue, match="is empty"):
        env.secret(NAME)
    file.write_bytes(b"\xff")
    with pytest.raises(env.WrongValue, match="not UTF-8"):
        env.secret(NAME)
    file.write_text(" swordfish \n")
    assert env.secret(NAME) == " swordfish "
    put("other")
    with pytest.raises(env.WrongValue, match="both set"):
        env.secret(NAME)
    monkeypatch.delenv(f"{NAME}_FILE")
    assert env.secret(NAME) == "other"


def test_a_password_in_a_url_is_not_repeated(put: Put) -> None:
    put("mysql://weir:swordfish@db/weir")
    with pytest.raises(env.WrongValue) as caught:
        env.url(NAME, schemes=("postgresql",))
    assert "swordfish" not in str(caught.value)


def test_names_drops_empty_parts_and_repeats(put: Put) -> None:
    put(" b, a,,b ,")
    assert env.names(NAME) == ("b", "a")


@given(st.text().filter(lambda text: "\x00" not in text and text.isprintable()))
def test_any_text_is_read_or_refused_by_name(given: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(NAME, given)
        for read in (env.flag, env.number, env.duration, env.url, env.names):
            with suppress(env.WrongValue):
                read(NAME)


def test_a_command_finds_the_stack_that_wrote_its_variables_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIR_DATA", str(tmp_path))
    monkeypatch.setenv("WEIR_REDIS_URL", "redis://mine")
    monkeypatch.setenv("WEIR_DATABASE_URL", "")
    monkeypatch.setenv(NAME, "")
    env.load_stack_environment()
    assert env.text("WEIR_DATABASE_URL", None) is None

    lines = ("WEIR_DATABASE_URL=postgresql://a=b@c/d", "WEIR_REDIS_URL=redis://its", f"{NAME}=1")
    (tmp_path / "env").write_text("\n".join(lines))
    env.load_stack_environment()
    assert env.text("WEIR_DATABASE_URL") == "postgresql://a=b@c/d"
    assert env.text("WEIR_REDIS_URL") == "redis://mine"
    assert env.text(NAME) == "1"

    # A person who names a database means that one, with everything else his own too.
    monkeypatch.setenv(NAME, "")
    env.load_stack_environment()
    assert env.text(NAME, None) is None
