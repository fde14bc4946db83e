"""Jobs of the pipeline and of the audit. Each finds its own work and may run twice."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from governance import sealer, throttle
from governance.models import IdempotencyKey
from governance.services import deliveries as outgoing
from governance.services import digests as gathering
from governance.services import endings, expiry, pipeline, reminders, simulations, tidying, vouching


@shared_task(name="governance.advance")
def advance(request_id: int) -> None:
    """Takes one request as far as it goes."""
    pipeline.advance(request_id)


@shared_task(name="governance.sweep")
def sweep() -> int:
    """Finds requests that no message announced, or whose worker died."""
    return pipeline.sweep()


@shared_task(name="governance.expire")
def expire() -> int:
    """Ends requests that nobody decided on in time."""
    return expiry.expire()


@shared_task(name="governance.simulate")
def simulate(simulation_id: int) -> None:
    """Tries a draft of a policy out on all there is."""
    simulations.run(simulation_id)


@shared_task(name="governance.find_simulations")
def find_simulations() -> int:
    """Finds simulations that no message announced, or whose worker died."""
    return simulations.sweep()


@shared_task(name="governance.deliveries")
def deliveries() -> int:
    """Finds what is to go out and is due."""
    return outgoing.sweep()


@shared_task(name="governance.deliver")
def deliver(delivery_id: int) -> None:
    """Tries one mail or webhook once."""
    outgoing.deliver(delivery_id)


@shared_task(name="governance.digests")
def digests() -> int:
    """Gathers the digests that are due."""
    return gathering.gather()


@shared_task(name="governance.tell_endings")
def tell_endings() -> int:
    """Tells teams of what of theirs ends soon."""
    return endings.tell()


@shared_task(name="governance.remind")
def remind() -> int:
    """Reminds people of what waits for them."""
    return reminders.remind()


@shared_task(name="governance.seal")
def seal() -> int:
    """Seals the events that have been committed."""
    return sealer.seal()


@shared_task(name="governance.tidy")
def tidy() -> None:
    """Removes what has had its time: answers kept for repeated calls, ended sessions, old counts
    of failed sign-ins, simulations. Seals what was put into the audit by hand, which the beat looks
    past."""
    now = timezone.now()
    IdempotencyKey.objects.filter(created_at__lt=now - timedelta(days=1)).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    vouching.tidy()
    throttle.tidy()
    simulations.tidy()
    tidying.notices()
    sealer.seal(thorough=True)
