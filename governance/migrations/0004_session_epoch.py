"""Sessions of somebody can be ended without touching her password."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0003_sign_in_counts")]

    operations = [
        migrations.AddField(
            "user",
            "session_epoch",
            # The database's own default too: a process of the release before may still add people.
            models.PositiveIntegerField(default=0, db_default=0),
        ),
    ]
