"""A token may have a rate of its own at the registry; changing it carries an event."""

from django.db import migrations, models

GUARD = """
CREATE CONSTRAINT TRIGGER servicetoken_rate_carries_event
AFTER UPDATE OF registry_rate, registry_burst ON governance_servicetoken
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0013_suggestions_and_snapshots")]

    operations = [
        migrations.AddField(
            "servicetoken", "registry_rate", models.PositiveIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            "servicetoken", "registry_burst", models.PositiveIntegerField(blank=True, null=True)
        ),
        migrations.RunSQL(
            GUARD, "DROP TRIGGER servicetoken_rate_carries_event ON governance_servicetoken;"
        ),
    ]
