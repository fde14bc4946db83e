"""The plan of one principal's bindings: what to add, what to take away, what to leave; pure.

All grants of a principal on a cluster are planned together, since they may need the same binding.
A binding is taken away when no grant needs it any more and Weir made it: what was there before, or
was added outside, is nobody's to remove.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from topics.kinds.grant.bindings import Binding


@dataclass(frozen=True, slots=True)
class BindingPlan:
    """`add` and `remove` change the cluster. `forget` are made by Weir, needed by nobody and gone
    already; `foreign` are needed, and were there before Weir came."""

    add: tuple[Binding, ...] = ()
    remove: tuple[Binding, ...] = ()
    forget: tuple[Binding, ...] = ()
    foreign: tuple[Binding, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do on the cluster."""
        return bool(self.add or self.remove)


def plan_bindings(
    wanted: Collection[Binding], made: Collection[Binding], observed: Collection[Binding]
) -> BindingPlan:
    """The plan of one principal: `wanted` by all its grants, `made` by Weir, `observed` now.

    Applied, it plans empty; what is neither wanted nor made is never touched.
    """
    want, mine, there = set(wanted), set(made), set(observed)
    return BindingPlan(
        add=tuple(sorted(want - there)),
        remove=tuple(sorted((mine & there) - want)),
        forget=tuple(sorted(mine - there - want)),
        foreign=tuple(sorted((want & there) - mine)),
    )
