"""Requests that replace another are found by an index; nobody waits while it is made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("governance", "0011_requests_replace_requests")]

    operations = [
        AddIndexConcurrently(
            "request",
            models.Index(
                fields=["replaces"],
                name="request_replacing",
                condition=models.Q(replaces__isnull=False),
            ),
        ),
    ]
