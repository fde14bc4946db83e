"""A requirement names every policy that asks for it, not the first alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0018_reminders")]

    operations = [
        migrations.AddField(
            "requirement", "also", models.JSONField(blank=True, db_default=[], default=list)
        ),
    ]
