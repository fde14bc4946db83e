"""Failed sign-ins are counted in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_guards")]

    operations = [
        migrations.CreateModel(
            name="SignInCount",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("failures", models.IntegerField(default=0)),
                ("last_at", models.DateTimeField()),
                ("blocked_until", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["last_at"], name="sign_in_by_age")],
            },
        ),
    ]
