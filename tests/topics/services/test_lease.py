"""One writer a cluster, by PostgreSQL's clock."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from governance.clock import database_now
from tests.topics.estate import make_cluster
from topics.errors import LeaseLost, LeaseTaken
from topics.models import Lease
from topics.services import lease

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_token_grows_with_every_holder() -> None:
    cluster = make_cluster()
    tokens = []
    for _ in range(3):
        with lease.holding(cluster.pk) as held:
            tokens.append(held.token)
            held.renew()
    assert tokens == [1, 2, 3]


def test_who_comes_second_is_refused_until_it_is_given_back() -> None:
    cluster = make_cluster()
    with lease.holding(cluster.pk), pytest.raises(LeaseTaken):
        lease.acquire(cluster.pk)
    lease.acquire(cluster.pk).release()


def test_of_many_at_once_one_gets_it() -> None:
    cluster = make_cluster()
    start = threading.Barrier(5)

    def take() -> bool:
        try:
            start.wait()
            lease.acquire(cluster.pk)
        except LeaseTaken:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(5) as pool:
        got = [future.result() for future in [pool.submit(take) for _ in range(5)]]
    assert got.count(True) == 1


def test_a_lease_that_ran_out_is_taken_over_after_one_batch_and_the_old_holder_stops(
    settings: Settings,
) -> None:
    settings.LEASE_TTL = timedelta(seconds=1)
    cluster = make_cluster()
    old = lease.acquire(cluster.pk)
    Lease.objects.filter(cluster=cluster).update(expires_at=database_now() - timedelta(seconds=1))
    before = database_now()
    new = lease.acquire(cluster.pk)
    waited = database_now() - before
    assert waited >= timedelta(milliseconds=lease.batch_timeout_ms())
    assert new.token == old.token + 1
    new.renew()
    with pytest.raises(LeaseLost):
        old.renew()
    old.release()  # gives nothing back that is not its own
    new.renew()


def test_a_batch_takes_less_than_a_third_of_the_lease(settings: Settings) -> None:
    for seconds in (3, 15, 60):
        settings.LEASE_TTL = timedelta(seconds=seconds)
        assert lease.batch_timeout_ms() * 3 < seconds * 1000
