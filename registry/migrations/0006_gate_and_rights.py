"""Gate levels, rights to subjects, whose a subject is in which context, and who asked for what."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


GUARDED = {
    "gatelevel": "context, subject, prefix, level",
    "subjectright": "team_id, token_id, context, subject, prefix, rights, until",
    "claim": "resource_id, context, subject",
}


def guard(table, columns):
    return (
        f"CREATE CONSTRAINT TRIGGER {table}_carries_event "
        f"AFTER INSERT OR DELETE OR UPDATE OF {columns} ON registry_{table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();"
    )


def unguard(table):
    return f"DROP TRIGGER {table}_carries_event ON registry_{table};"


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0006_requests_expire'),
        ('registry', '0005_races_and_limits'),
    ]

    operations = [
        migrations.CreateModel(
            name='GateLevel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('context', models.TextField()),
                ('subject', models.TextField(blank=True)),
                ('prefix', models.BooleanField(db_default=False)),
                ('level', models.CharField(max_length=12)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('changed_by', models.TextField(blank=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('context', 'subject', 'prefix'), name='gate_once'), models.CheckConstraint(condition=models.Q(('level__in', ['open', 'checked', 'by_request'])), name='gate_level_known')],
            },
        ),
        migrations.CreateModel(
            name='Asking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('context', models.TextField()),
                ('subject', models.TextField()),
                ('content', models.BinaryField()),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='governance.request')),
            ],
            options={
                'indexes': [models.Index(fields=['context', 'subject', 'content'], name='asking_by_content')],
            },
        ),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('context', models.TextField()),
                ('subject', models.TextField()),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='governance.resource')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('context', 'subject'), name='claim_once')],
            },
        ),
        migrations.CreateModel(
            name='SubjectRight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('context', models.TextField()),
                ('subject', models.TextField(blank=True)),
                ('prefix', models.BooleanField(db_default=False)),
                ('rights', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), size=None)),
                ('until', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.expressions.RawSQL('clock_timestamp()', ()))),
                ('created_by', models.TextField(blank=True)),
                ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='governance.team')),
                ('token', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='governance.servicetoken')),
            ],
            options={
                'indexes': [models.Index(fields=['context', 'subject'], name='right_by_place')],
                'constraints': [models.CheckConstraint(condition=models.Q(('team__isnull', True), ('token__isnull', True), _connector='XOR'), name='right_of_a_team_or_a_token'), models.UniqueConstraint(condition=models.Q(('team__isnull', False)), fields=('team', 'context', 'subject', 'prefix'), name='right_of_a_team_once'), models.UniqueConstraint(condition=models.Q(('token__isnull', False)), fields=('token', 'context', 'subject', 'prefix'), name='right_of_a_token_once')],
            },
        ),
        migrations.RunSQL(
            "\n".join(guard(table, columns) for table, columns in GUARDED.items()),
            "\n".join(unguard(table) for table in GUARDED),
        ),
    ]
