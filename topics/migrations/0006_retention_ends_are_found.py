"""Topics whose longer time is over are found by an index; nobody waits while it is made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("topics", "0005_retention_ends_by_itself")]

    operations = [
        AddIndexConcurrently(
            "declaredtopic",
            models.Index(
                fields=["retention_ends_at"],
                name="declared_topic_ending",
                condition=models.Q(retention_ends_at__isnull=False),
            ),
        ),
        AddIndexConcurrently(
            "declaredtopic",
            models.Index(
                fields=["cluster"],
                name="declared_topic_falling",
                condition=models.Q(fall_back__isnull=False),
            ),
        ),
    ]
