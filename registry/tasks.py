"""Jobs of the registry."""

from celery import shared_task

from registry import changes


@shared_task(name="registry.prune")
def prune() -> None:
    """Removes names of changes that every reader has seen or will never ask for."""
    changes.prune()
