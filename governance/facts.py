"""Facts that one app knows about items of another app's kind.

A kind gives the facts of its own items. A provider may add to those of any kind: the registry
knows which versions a topic's consumers pin, topics knows the lag. Policies, routing and impact
ask for facts by name and never for the app behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from governance.kinds import ItemView

Provider = Callable[[ItemView], Mapping[str, object]]

_PROVIDERS: dict[str, Provider] = {}


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
