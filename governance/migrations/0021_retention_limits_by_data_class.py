"""An environment may limit how long records are kept by data class; none does until somebody says."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0020_delegations")]

    operations = [
        migrations.AddField(
            "environment",
            "retention_limits_ms",
            models.JSONField(blank=True, db_default={}, default=dict),
        ),
    ]
