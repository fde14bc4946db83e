"""Rights say who gave them; people may come from a provider, and have a second factor.

Old processes go on beside new ones: columns have defaults of the database's own, and a right that
an old process gives is one given by hand.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SOURCES = [("manual", "By hand"), ("oidc", "OpenID Connect"), ("ldap", "LDAP")]

GUARDED = {
    "identity": "user_id, source, issuer, subject",
    "secondfactor": "user_id, secret",
    "recoverycode": "factor_id, digest, used_at",
}


def guard(table: str, columns: str) -> str:
    return (
        f"CREATE CONSTRAINT TRIGGER {table}_carries_event "
        f"AFTER INSERT OR DELETE OR UPDATE OF {columns} ON governance_{table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();"
    )


def unguard(table: str) -> str:
    return f"DROP TRIGGER {table}_carries_event ON governance_{table};"


def source() -> models.CharField:
    return models.CharField(
        choices=SOURCES, db_default="manual", default="manual", max_length=8
    )


class Migration(migrations.Migration):
    dependencies = [("governance", "0014_token_rates")]

    operations = [
        migrations.AddField("membership", "source", source()),
        migrations.RemoveConstraint("membership", "membership_once"),
        migrations.AddConstraint(
            "membership",
            models.UniqueConstraint(
                fields=("user", "team", "role", "source"), name="membership_once"
            ),
        ),
        migrations.AddField("orgrole", "source", source()),
        migrations.RemoveConstraint("orgrole", "org_role_once"),
        migrations.AddConstraint(
            "orgrole",
            models.UniqueConstraint(fields=("user", "role", "source"), name="org_role_once"),
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(choices=SOURCES, max_length=8)),
                ("issuer", models.CharField(max_length=400)),
                ("subject", models.CharField(max_length=255, null=True)),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=500), default=list, size=None
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "issuer", "subject"), name="identity_subject_once"
                    ),
                    models.UniqueConstraint(
                        fields=("user", "source"), name="identity_source_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tokens", models.TextField(blank=True)),
                ("checked_at", models.DateTimeField()),
                ("refreshing_at", models.DateTimeField(null=True)),
                (
                    "identity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to="governance.identity",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["checked_at"], name="provider_session_by_age")
                ],
            },
        ),
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("secret", models.TextField()),
                ("set_up_at", models.DateTimeField(auto_now_add=True)),
                ("last_step", models.BigIntegerField(default=0)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="second_factor",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "factor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="codes",
                        to="governance.secondfactor",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            "\n".join(guard(table, columns) for table, columns in GUARDED.items()),
            "\n".join(unguard(table) for table in GUARDED),
        ),
    ]
