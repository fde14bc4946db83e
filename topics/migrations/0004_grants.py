"""Grants, the ACL lines that Weir made for them, and the lines that a cluster has.

A commit that changes a grant carries an event, like every change of what people decided.
"""

import django.db.models.deletion
from django.db import migrations, models

GUARDED = (
    "resource_id, environment_id, cluster_id, application_id, name, generation, role, topic, "
    "prefixed, spec, state, ends_at, paused"
)

# An application acts as somebody in each of its grants: under another name their ACL lines would
# be those of nobody, and stay for ever.
KEEP_PRINCIPAL = """
CREATE FUNCTION weir_application_keeps_principal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held integer;
BEGIN
    SELECT count(*) INTO held FROM topics_declaredgrant
    WHERE application_id = NEW.id AND (state = 'active' OR last_applied IS NOT NULL);
    IF held > 0 THEN
        RAISE EXCEPTION '% acts as % in % of its grants. End them first.',
            OLD.name, OLD.principal, held USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER application_keeps_principal BEFORE UPDATE OF principal ON governance_application
FOR EACH ROW WHEN (OLD.principal IS DISTINCT FROM NEW.principal)
EXECUTE FUNCTION weir_application_keeps_principal();
"""
LET_PRINCIPAL_GO = """
DROP TRIGGER application_keeps_principal ON governance_application;
DROP FUNCTION weir_application_keeps_principal();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0006_requests_expire"),
        ("topics", "0003_observed_flat_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="cluster",
            name="acls_error",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="cluster",
            name="acls_seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="DeclaredGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=400)),
                ("generation", models.IntegerField(default=1)),
                ("last_applied", models.JSONField(blank=True, null=True)),
                ("last_applied_generation", models.IntegerField(default=0)),
                ("origins", models.JSONField(blank=True, default=dict)),
                ("paused", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("role", models.CharField(max_length=16)),
                ("topic", models.CharField(max_length=250)),
                ("prefixed", models.BooleanField(default=False)),
                ("spec", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "In force"),
                            ("ended", "Ended"),
                            ("revoked", "Revoked"),
                        ],
                        default="active",
                        max_length=8,
                    ),
                ),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="governance.application",
                    ),
                ),
                (
                    "cluster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="topics.cluster",
                    ),
                ),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.environment",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.resource",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "active")),
                        fields=["ends_at"],
                        name="declared_grant_ending",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("last_applied__isnull", False),
                            models.Q(("state", "active"), _negated=True),
                        ),
                        fields=["cluster"],
                        name="declared_grant_left",
                    ),
                    models.Index(fields=["cluster", "topic"], name="declared_grant_by_topic"),
                    models.Index(fields=["application", "cluster"], name="declared_grant_by_app"),
                    models.Index(fields=["name", "cluster"], name="declared_grant_by_name"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("cluster", "name"), name="declared_grant_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["active", "ended", "revoked"])),
                        name="declared_grant_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MadeBinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resource_type", models.CharField(max_length=20)),
                ("resource_name", models.CharField(max_length=1000)),
                ("prefixed", models.BooleanField(default=False)),
                ("principal", models.CharField(max_length=400)),
                ("operation", models.CharField(max_length=20)),
                ("host", models.CharField(default="*", max_length=255)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "cluster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="topics.cluster",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "cluster",
                            "principal",
                            "resource_type",
                            "resource_name",
                            "prefixed",
                            "operation",
                            "host",
                        ),
                        name="made_binding_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ObservedBinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resource_type", models.CharField(max_length=20)),
                ("resource_name", models.CharField(max_length=1000)),
                ("prefixed", models.BooleanField(default=False)),
                ("principal", models.CharField(max_length=400)),
                ("operation", models.CharField(max_length=20)),
                ("host", models.CharField(default="*", max_length=255)),
                ("allow", models.BooleanField(default=True)),
                ("seen_at", models.DateTimeField()),
                (
                    "cluster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="topics.cluster",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["cluster", "resource_type", "resource_name"],
                        name="observed_binding_by_name",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "cluster",
                            "principal",
                            "resource_type",
                            "resource_name",
                            "prefixed",
                            "operation",
                            "host",
                            "allow",
                        ),
                        name="observed_binding_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "CREATE CONSTRAINT TRIGGER declaredgrant_carries_event "
            f"AFTER INSERT OR DELETE OR UPDATE OF {GUARDED} ON topics_declaredgrant "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();",
            "DROP TRIGGER declaredgrant_carries_event ON topics_declaredgrant;",
        ),
        migrations.RunSQL(KEEP_PRINCIPAL, LET_PRINCIPAL_GO),
    ]
