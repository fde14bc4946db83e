"""A request may take the place of another."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0010_requests_wait_for_their_time")]

    operations = [
        migrations.AddField(
            model_name="request",
            name="replaces",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replacements",
                to="governance.request",
                db_index=False,
            ),
        ),
    ]
