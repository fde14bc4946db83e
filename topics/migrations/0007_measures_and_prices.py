"""What is measured of topics and groups, and what things cost on a cluster.

Measures are seen, prices are decided: a commit that changes a price carries an event.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("topics", "0006_retention_ends_are_found"),
    ]

    operations = [
        migrations.CreateModel(
            name="MeasureRound",
            fields=[
                (
                    "cluster",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="measured",
                        serialize=False,
                        to="topics.cluster",
                    ),
                ),
                ("attempted_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True)),
                ("sizes_error", models.TextField(blank=True)),
                ("groups_error", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="PriceBook",
            fields=[
                (
                    "cluster",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="prices",
                        serialize=False,
                        to="topics.cluster",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "local_gib_month",
                    models.DecimalField(decimal_places=6, max_digits=14, null=True),
                ),
                (
                    "remote_gib_month",
                    models.DecimalField(decimal_places=6, max_digits=14, null=True),
                ),
                ("ingress_gib", models.DecimalField(decimal_places=6, max_digits=14, null=True)),
                ("cross_zone_gib", models.DecimalField(decimal_places=6, max_digits=14, null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="price_book_currency",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GroupMeasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("topic", models.CharField(max_length=249)),
                ("group", models.CharField(max_length=1000)),
                ("state", models.CharField(blank=True, max_length=24)),
                ("lag", models.BigIntegerField()),
                ("oldest_unread_at", models.DateTimeField(null=True)),
                ("unread_bytes", models.BigIntegerField(null=True)),
                ("positions", models.BinaryField(max_length=16)),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cluster", "topic", "group"), name="group_measure_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TopicMeasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=249)),
                ("partitions", models.IntegerField()),
                ("end_offset", models.BigIntegerField()),
                ("records", models.BigIntegerField()),
                ("leader_bytes", models.BigIntegerField(null=True)),
                ("local_bytes", models.BigIntegerField(null=True)),
                ("remote_bytes", models.BigIntegerField(null=True)),
                ("record_bytes", models.FloatField(null=True)),
                ("samples", models.JSONField(default=list)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("cluster", "name"), name="topic_measure_once")
                ],
            },
        ),
        migrations.RunSQL(
            "CREATE CONSTRAINT TRIGGER pricebook_carries_event "
            "AFTER INSERT OR DELETE OR UPDATE ON topics_pricebook "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();",
            "DROP TRIGGER pricebook_carries_event ON topics_pricebook;",
        ),
    ]
