"""Requests whose time to be decided on is over are found by an index; nobody waits while it is made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("governance", "0005_usernames_once_in_any_case")]

    operations = [
        AddIndexConcurrently(
            "request",
            models.Index(
                fields=["expires_at"],
                name="request_expiring",
                condition=models.Q(state__in=["in_review", "changes_requested"]),
            ),
        ),
    ]
