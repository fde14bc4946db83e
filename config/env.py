"""Typed readers of environment variables: the only door to the environment.

Every reader takes the variable's name and the value used when it is unset; without such a value
the variable must be set. A variable that is set to nothing counts as unset, since that is how a
shell or a compose file switches one off. A value that cannot be used stops the process with one
sentence that names the variable and says what to do.
"""

import os
import re
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar, overload
from urllib.parse import urlsplit

Default = TypeVar("Default")

TRUE: Final = ("1", "true", "yes", "on")
FALSE: Final = ("0", "false", "no", "off")
SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
# No digits of other scripts; nothing that the arithmetic of times could not hold.
DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%\w+)?", re.ASCII)
LONGEST: Final = timedelta(days=3650)
REQUIRED: Final = object()


class WrongValue(SystemExit):
    """A variable that cannot be used. Uncaught, its one sentence is all that is printed."""

    def __init__(self, name: str, rule: str) -> None:
        self.name = name
        super().__init__(f"{name} {rule}")


def wrong(name: str, rule: str) -> NoReturn:
    """Stops with "NAME rule": the rule is the rest of a sentence and says what to do."""
    raise WrongValue(name, rule)


def _given(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def shown(given: str) -> str:
    """The value as an error repeats it: on one line, and no longer than a line."""
    shown = repr(given)
    return shown if len(shown) <= 60 else f"{shown[:57]}…{shown[-1]}"


def _absent(name: str, default: Any) -> Any:
    if default is REQUIRED:
        wrong(name, "is not set and has no default: set it in the environment.")
    return default


@overload
def text(name: str) -> str: ...
@overload
def text(name: str, default: Default) -> str | Default: ...
def text(name: str, default: Any = REQUIRED) -> Any:
    """The value as it stands, without the spaces around it."""
    given = _given(name)
    return _absent(name, default) if given is None else given


def flag(name: str, default: bool = False) -> bool:
    """1, true, yes, on; or 0, false, no, off; in any case of letters."""
    given = _given(name)
    if given is None:
        return default
    if given.lower() in TRUE:
        return True
    if given.lower() in FALSE:
        return False
    wrong(name, f"is {shown(given)}: use 1 to switch it on or 0 to switch it off.")


@overload
def number(name: str, *, minimum: int | None = ..., maximum: int | None = ...) -> int: ...
@overload
def number(
    name: str, default: Default, *, minimum: int | None = ..., maximum: int | None = ...
) -> int | Default: ...
def number(
    name: str, default: Any = REQUIRED, *, minimum: int | None = None, maximum: int | None = None
) -> Any:
    """A whole number within the bounds, which are themselves allowed."""
    given = _given(name)
    if given is None:
        return _absent(name, default)
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", given):
        wrong(name, f"is {shown(given)}: use a whole number{_between(minimum, maximum)}.")
    value = int(given)
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        wrong(name, f"is {value}: use a whole number{_between(minimum, maximum)}.")
    return value


def _between(minimum: int | None, maximum: int | None) -> str:
    match minimum, maximum:
        case None, None:
            return ""
        case _, None:
            return f" from {minimum} on"
        case None, _:
            return f" up to {maximum}"
        case _:
            return f" from {minimum} to {maximum}"


@overload
def duration(
    name: str, *, minimum: timedelta | None = ..., maximum: timedelta | None = ...
) -> timedelta: ...
@overload
def duration(
    name: str,
    default: str | timedelta,
    *,
    minimum: timedelta | None = ...,
    maximum: timedelta | None = ...,
) -> timedelta: ...
def duration(
    name: str,
    default: Any = REQUIRED,
    *,
    minimum: timedelta | None = None,
    maximum: timedelta | None = None,
) -> timedelta:
    """A length of time such as 500ms, 15s, 5m, 12h or 7d. A bare number would leave its unit to
    guesswork and is refused."""
    given = _given(name)
    if given is None:
        absent = _absent(name, default)
        return absent if isinstance(absent, timedelta) else _length(name, absent)
    value = _length(name, given)
    if minimum is not None and value < minimum:
        wrong(name, f"is {shown(given)}: use {minimum.total_seconds():g}s or more.")
    if maximum is not None and value > maximum:
        wrong(name, f"is {shown(given)}: use {maximum.total_seconds():g}s or less.")
    return value


def _length(name: str, given: str) -> timedelta:
    parsed = DURATION.fullmatch(given.lower())
    if parsed is None:
        wrong(
            name, f"is {shown(given)}: use a number and a unit, such as 500ms, 15s, 5m, 12h or 7d."
        )
    seconds = float(parsed[1]) * SECONDS[parsed[2]]
    if seconds > LONGEST.total_seconds():
        wrong(name, f"is {shown(given)}: use {LONGEST.days}d or less.")
    return timedelta(seconds=seconds)


@overload
def url(name: str, *, schemes: Collection[str] = ...) -> str: ...
@overload
def url(name: str, default: Default, *, schemes: Collection[str] = ...) -> str | Default: ...
def url(name: str, default: Any = REQUIRED, *, schemes: Collection[str] = ("http", "https")) -> Any:
    """A URL with a host and one of the schemes. The value is never repeated in the error, since it
    may carry a password."""
    given = _given(name)
    if given is None:
        return _absent(name, default)
    shape = f"use a URL such as {min(schemes)}://host:port/path."
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port  # reading the port is what checks it
    except ValueError:
        wrong(name, f"cannot be read as a URL: {shape}")
    if parts.scheme not in schemes:
        wrong(
            name, f"does not begin with {' or '.join(f'{s}://' for s in sorted(schemes))}: {shape}"
        )
    if not host:
        wrong(name, f"names no host: {shape}")
    if not HOST.fullmatch(host) or any(character.isspace() for character in given):
        # A browser tells a name in another script in its other form, which would never match.
        wrong(
            name,
            "names a host that a URL cannot have as it is: use letters, digits, dots and dashes"
            " (a name in another script begins with xn--).",
        )
    return given


@overload
def choice(name: str, *, options: Collection[str]) -> str: ...
@overload
def choice(name: str, default: Default, options: Collection[str]) -> str | Default: ...
def choice(name: str, default: Any = REQUIRED, options: Collection[str] = ()) -> Any:
    """One of the options, in any case of letters; given back as the option is written."""
    given = _given(name)
    if given is None:
        return _absent(name, default)
    for option in options:
        if option.lower() == given.lower():
            return option
    wrong(name, f"is {shown(given)}: use one of {', '.join(options)}.")


@overload
def secret(name: str) -> str: ...
@overload
def secret(name: str, default: Default) -> str | Default: ...
def secret(name: str, default: Any = REQUIRED) -> Any:
    """The value of NAME, or what stands in the file that NAME_FILE names; its last line end is not
    part of it. Never repeated in an error."""
    given, path = _given(name), _given(f"{name}_FILE")
    if given is not None and path is not None:
        wrong(name, f"and {name}_FILE are both set: unset one of them.")
    if path is not None:
        return from_file(f"{name}_FILE", Path(path))
    if given is None and default is REQUIRED:
        wrong(name, f"is not set: set it, or set {name}_FILE to a file that holds it.")
    return default if given is None else given


def from_file(name: str, path: Path) -> str:
    """What stands in the file that NAME names."""
    try:
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        wrong(name, f"names {path}, which cannot be read ({reason}): name a readable file.")
    if not value:
        wrong(name, f"names {path}, which is empty: write the secret into it.")
    return value


def names(name: str, default: str | Collection[str] = ()) -> tuple[str, ...]:
    """The parts of a list with commas between them, in order, without empty ones and repeats."""
    given = _given(name)
    if given is None:
        parts = default.split(",") if isinstance(default, str) else default
    else:
        parts = given.split(",")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def stack_folder() -> Path:
    """Where `make up` keeps its state: WEIR_DATA, else `.weir` beside the code."""
    default = Path(__file__).resolve().parent.parent / ".weir"
    given = text("WEIR_DATA", str(default))
    if any(character in ',"\\' or not character.isprintable() for character in given):
        # They mean something in the files that the servers are told by.
        wrong("WEIR_DATA", f"is {shown(given)}: use a path without commas, quotes and backslashes.")
    return Path(given).absolute()


def load_stack_environment() -> None:
    """Lets a command find the stack of `make up`: without WEIR_DATABASE_URL, takes the variables
    that the stack wrote down for it. What the caller has set himself stays."""
    if _given("WEIR_DATABASE_URL") is not None:
        return
    try:
        lines = (stack_folder() / "env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        name, separator, value = line.partition("=")
        if separator and _given(name) is None:
            os.environ[name] = value
