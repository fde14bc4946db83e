"""Teams have a cost centre, a chat and a successor, and can be closed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0015_rights_have_a_source")]

    operations = [
        migrations.AddField(
            "team",
            "chat",
            models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            "team",
            "cost_centre",
            models.CharField(blank=True, db_default="", default="", max_length=80),
        ),
        migrations.AddField("team", "closed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "team",
            "successor",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="governance.team",
            ),
        ),
    ]
