"""Secrets: never shown, never stored, found again after their key was replaced."""

import copy
import json
import logging
import os
import pickle
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from governance import secrets
from governance.secrets import Secret, SecretError, reveal, seal

CANARY = "canary-5f2c"


@pytest.fixture
def keys(tmp_path: Path, settings: Settings) -> Path:
    file = tmp_path / "keys"
    file.write_text(f"# newest first\nk1:{Fernet.generate_key().decode()}\n")
    settings.SECRET_KEYS_FILE = str(file)
    return file


def put_on_top(keys: Path, key_id: str) -> None:
    before = keys.read_text()
    keys.write_text(f"{key_id}:{Fernet.generate_key().decode()}\n{before}")
    os.utime(keys, ns=(0, keys.stat().st_mtime_ns + 1))  # however coarse the clock of the disk is


def test_a_secret_prints_as_dots_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(CANARY)
    logging.getLogger("tests").warning("%s %r", secret, {"password": secret})
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{[secret]}", caplog.text]
    assert not any(CANARY in text for text in shown)
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY
    assert not Secret("")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_what_was_sealed_is_revealed(keys: Path, text: str) -> None:
    reference = seal(text)
    assert reference.startswith("fernet:k1:")
    assert secrets.is_reference(reference)
    assert reveal(reference) == Secret(text)
    # A few characters turn up in any ciphertext.
    assert len(text) < 8 or text not in reference.removeprefix("fernet:k1:")


def test_sealing_twice_gives_two_texts(keys: Path) -> None:
    assert seal(CANARY) != seal(CANARY)


def test_a_key_is_replaced_without_losing_a_secret(keys: Path) -> None:
    old = seal(CANARY)
    put_on_top(keys, "k2")
    assert reveal(old).reveal() == CANARY
    new = secrets.reseal(old)
    assert new.startswith("fernet:k2:")
    assert secrets.reseal(new) == new
    keys.write_text(keys.read_text().splitlines()[0])
    assert reveal(new).reveal() == CANARY
    with pytest.raises(SecretError, match="The key 'k1' is not in WEIR_SECRET_KEYS_FILE"):
        reveal(old)


def test_references_to_the_outside_are_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SECRET_FOLDERS = [str(tmp_path)]
    monkeypatch.setenv("KAFKA_PASSWORD", CANARY)
    file = tmp_path / "password"
    file.write_text(CANARY + "\n")
    assert reveal("env:KAFKA_PASSWORD").reveal() == CANARY
    assert reveal(f"file:{file}").reveal() == CANARY
    assert secrets.reseal("env:KAFKA_PASSWORD") == "env:KAFKA_PASSWORD"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        (CANARY, "This is no reference to a secret"),
        (f"vault:{CANARY}", "This is no reference to a secret"),
        ("env:NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE is not set where Weir runs"),
        ("env:WEIR_SECRET_KEY", "belongs to Weir itself"),
        ("env:WEIR_DATABASE_URL", "belongs to Weir itself"),
        ("file:relative/path", "is no absolute path"),
        ("file:/run/secrets/does-not-exist", "cannot be read: No such file"),
        ("file:/dev/zero", "does not lie in a folder for secrets"),
        ("file:/proc/self/environ", "does not lie in a folder for secrets"),
        ("file:/run/secrets/../../proc/self/environ", "does not lie in a folder for secrets"),
        ("fernet:k1:garbage", "cannot be read with it"),
        ("fernet:k9:garbage", "The key 'k9' is not in"),
        ("fernet:", "The key '' is not in"),
    ],
)
def test_what_cannot_be_revealed_says_why_and_not_what(
    keys: Path, reference: str, says: str
) -> None:
    with pytest.raises(SecretError) as refused:
        reveal(reference)
    assert says in refused.value.message
    assert CANARY not in refused.value.message


def test_the_file_of_keys_is_no_secret_to_be_sent_somewhere(keys: Path, settings: Settings) -> None:
    settings.SECRET_FOLDERS = [str(keys.parent)]
    settings.OWN_SECRET_FILES = [str(keys)]
    with pytest.raises(SecretError, match="holds Weir's own keys"):
        reveal(f"file:{keys}")


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path, settings: Settings) -> None:
    settings.SECRET_FOLDERS = [str(tmp_path)]
    (tmp_path / "link").symlink_to("/proc/self/environ")
    with pytest.raises(SecretError, match="does not lie in a folder"):
        reveal(f"file:{tmp_path / 'link'}")
    (tmp_path / "large").write_text("x" * 70_000)
    with pytest.raises(SecretError, match="is larger than 64 KiB"):
        reveal(f"file:{tmp_path / 'large'}")


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "holds no key"), ("k1:short", "Line 1 of"), ("# c\nk1\n", "Line 2 of")],
)
def test_a_wrong_file_of_keys_is_told_by_its_line(keys: Path, content: str, says: str) -> None:
    keys.write_text(content)
    os.utime(keys, ns=(0, keys.stat().st_mtime_ns + 1))
    with pytest.raises(SecretError, match=says):
        seal(CANARY)


def test_without_keys_the_way_out_is_told(settings: Settings, tmp_path: Path) -> None:
    settings.SECRET_KEYS_FILE = ""
    with pytest.raises(SecretError, match="WEIR_SECRET_KEYS_FILE is not set"):
        seal(CANARY)
    settings.SECRET_KEYS_FILE = str(tmp_path / "gone")
    with pytest.raises(SecretError, match="cannot be read: No such file"):
        seal(CANARY)
