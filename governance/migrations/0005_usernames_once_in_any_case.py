"""Two people whose sign-in names differ in their case alone would be mistaken for each other."""

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("governance", "0004_session_epoch")]

    operations = [
        migrations.AddConstraint(
            "user", models.UniqueConstraint(Lower("username"), name="username_once_in_any_case")
        ),
    ]
