"""Facts that one app knows about items of another app's kind.

A kind gives the facts of its own items. A provider may add to those of any kind: the registry
knows which versions a topic's consumers pin, topics knows the lag. Policies, routing and impact
ask for facts by name and never for the app behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from governance.kinds import ItemView

Provider = Callable[[ItemView], Mapping[str, object]]

# (environment, name) → slugs of the teams that read the thing; None: it cannot be said.
Readers = Callable[[str, str], Collection[str] | None]

# (environments, teams, names) → whether applications of these teams were given access to a thing in
# one of these environments, by its name; of these alone, where any are named.
Uses = Callable[[str], bool]
Users = Callable[[Collection[str], Collection[str], Collection[str]], Uses]

_PROVIDERS: dict[str, Provider] = {}
_READERS: dict[str, Readers] = {}
_USERS: dict[str, Users] = {}


def provide(name: str, provider: Provider) -> None:
    """Registers a provider under a name of its own; the same name again replaces it."""
    _PROVIDERS[name] = provider


def withdraw(name: str) -> None:
    """Takes a provider out again; for tests."""
    _PROVIDERS.pop(name, None)


def provided(item: ItemView) -> dict[str, object]:
    """What all providers know about this item. A fact that nobody gives is absent: unknown."""
    found: dict[str, object] = {}
    for name in sorted(_PROVIDERS):
        found.update(_PROVIDERS[name](item))
    return found


def provide_readers(kind: str, readers: Readers) -> None:
    """Registers who can say which teams read a thing of that kind in an environment, by its slug;
    the same kind again replaces it."""
    _READERS[kind] = readers


@contextmanager
def instead_of_readers(kind: str, readers: Readers) -> Iterator[None]:
    """Lets somebody else say it for the block; for tests."""
    before = _READERS.get(kind)
    _READERS[kind] = readers
    try:
        yield
    finally:
        if before is None:
            del _READERS[kind]
        else:
            _READERS[kind] = before


def readers_of(kind: str, environment: str, name: str) -> frozenset[str] | None:
    """The teams that read the thing in that environment; None where nobody can say."""
    readers = _READERS.get(kind)
    found = None if readers is None else readers(environment, name)
    return None if found is None else frozenset(found)


def provide_users(kind: str, users: Users) -> None:
    """Registers who can say whether teams use things of that kind; the same kind again replaces
    it."""
    _USERS[kind] = users


def used_by(
    kind: str,
    environments: Collection[str],
    teams: Collection[str],
    names: Collection[str] = (),
) -> Uses:
    """Whether these teams were given access to a thing of that kind in one of these environments,
    by its name; to none where nobody can say. It is asked of `names` alone, where there are any."""
    users = _USERS.get(kind)
    if users is None or not environments or not teams:
        return lambda _name: False
    return users(environments, teams, names)
