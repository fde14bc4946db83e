"""A topic may keep records longer for a reason with an end; changing either carries an event.

Nothing is written into rows that are there.
"""

from django.db import migrations, models

GUARD = """
CREATE CONSTRAINT TRIGGER declaredtopic_reason_carries_event
AFTER UPDATE OF retention_reason, retention_ends_at ON topics_declaredtopic
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();
"""


class Migration(migrations.Migration):
    dependencies = [("topics", "0004_grants")]

    operations = [
        migrations.AddField(
            "declaredtopic", "retention_reason", models.JSONField(blank=True, null=True)
        ),
        migrations.AddField(
            "declaredtopic", "retention_ends_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField("declaredtopic", "fall_back", models.JSONField(blank=True, null=True)),
        migrations.AddConstraint(
            "declaredtopic",
            models.CheckConstraint(
                condition=models.Q(retention_ends_at__isnull=True)
                | models.Q(retention_reason__isnull=False),
                name="declared_topic_end_has_reason",
            ),
        ),
        migrations.RunSQL(
            GUARD,
            "DROP TRIGGER declaredtopic_reason_carries_event ON topics_declaredtopic;",
        ),
    ]
