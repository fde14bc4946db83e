"""Event loops for tests of the registry's asynchronous parts."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor


def run(story: Coroutine[object, object, None]) -> None:
    """Runs it to its end, in a thread of its own: this one may have a loop already, which a
    browser's test left."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, story).result()
