"""Lists cost the same number of queries whether they hold one row or many."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.models import User
from tests.browser.estate import make_estate
from tests.governance.api.conftest import Caller

LISTS = (
    "requests", "topics", "topics/unmanaged", "drift", "clusters", "subjects", "teams",
    "policies", "environments", "tokens", "hooks", "me/notices", "audit/events", "audit/seals",
)  # fmt: skip
MOST = 12


@pytest.fixture
def watcher(db: None) -> Caller:
    """Somebody who sees everything of the demo estate."""
    make_estate()
    user = User.objects.get(username="priya")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    caller = Caller()
    caller.client.force_login(user)
    return caller


def counted(call: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


def test_lists_ask_a_fixed_number_of_queries(watcher: Caller) -> None:
    oldest = watcher.get("requests").body["results"][-1]["id"]
    for path in (*LISTS, f"requests/{oldest}/items"):
        few = counted(partial(watcher.get, f"{path}?limit=1"))
        many = counted(partial(watcher.get, f"{path}?limit=200"))
        assert many <= MOST, path
        assert many - few <= 1, (path, few, many)  # a list of one row may have nothing to prefetch
