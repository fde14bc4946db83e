"""Requests whose people are to be reminded are found by an index; nobody waits while it is made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# Those that wait already are reminded as if they had been asked today. They are few: what waits
# for people now.
FILL = """
UPDATE governance_request SET remind_at = now() + interval '3 days'
    WHERE state = 'in_review' AND remind_at IS NULL
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("governance", "0017_notices")]

    operations = [
        AddIndexConcurrently(
            "request",
            models.Index(
                fields=["remind_at"],
                name="request_reminding",
                condition=models.Q(remind_at__isnull=False),
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
