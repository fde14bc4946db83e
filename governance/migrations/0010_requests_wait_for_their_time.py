"""Requests whose time has come are found by an index; nobody waits while it is made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("governance", "0009_change_windows_and_broken_glass")]

    operations = [
        AddIndexConcurrently(
            "request",
            models.Index(
                fields=["scheduled_for"],
                name="request_scheduled",
                condition=models.Q(state="scheduled"),
            ),
        ),
    ]
