"""Rows of a benchmark: what Weir took, what the bare way took in the same run, what is asked."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `bare` is None where nothing bare does the same; `limit` is the most that
    is acceptable, in the same unit; `most`, as many times what the bare way took."""

    what: str
    ours: Sequence[float]
    bare: Sequence[float] = ()
    limit: float | None = None
    unit: str = "s"
    most: float | None = None

    @property
    def middle(self) -> float:
        """The middle one of our measurements."""
        return statistics.median(self.ours)

    @property
    def ratio(self) -> float | None:
        """How many times what the bare way took."""
        return self.middle / statistics.median(self.bare) if self.bare else None

    @property
    def kept(self) -> bool:
        """Whether it is within what is asked."""
        within = self.limit is None or self.middle <= self.limit
        return within and (self.most is None or (self.ratio or 0) <= self.most)

    @property
    def asked(self) -> str:
        """What is asked, in words."""
        if self.most is not None:
            return f"ratio ≤ {self.most:g}"
        return "–" if self.limit is None else f"≤ {self.limit:g} {self.unit}"

    def cells(self) -> list[str]:
        """As a table prints it."""
        return [
            self.what,
            _figure(self.ours, self.unit),
            _figure(self.bare, self.unit) if self.bare else "–",
            f"{self.ratio:.2f}" if self.ratio is not None else "–",
            self.asked,
            "yes" if self.kept else "NO",
        ]


HEAD = ["", "Weir", "bare", "ratio", "asked", "kept"]


def _figure(values: Sequence[float], unit: str) -> str:
    shown = f"{statistics.median(values):.3f} {unit}"
    if len(values) > 1:
        shown += f" ({min(values):.3f}–{max(values):.3f})"
    return shown


def text(rows: Sequence[Row]) -> str:
    """For a terminal, in columns."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def markdown(rows: Sequence[Row]) -> str:
    """For docs/benchmarks.md."""
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass(slots=True)
class Clock:
    """Collects how long blocks took."""

    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Times one block."""
        began = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - began)

    def repeat(self, what: Callable[[], object], times: int) -> None:
        """Times the same call several times."""
        for _ in range(times):
            with self.measure():
                what()
