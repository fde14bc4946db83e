"""Suggestions, and the items of earlier revisions. By trigger who suggested is an author."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARD = """
CREATE FUNCTION weir_suggestion_has_author() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'accepted' AND NOT weir_wrote_it(NEW.request_id, NEW.suggested_by_id) THEN
        RAISE EXCEPTION 'A suggestion is accepted only where who made it counts among the authors.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER suggestion_has_author BEFORE INSERT OR UPDATE ON governance_suggestion
    FOR EACH ROW EXECUTE FUNCTION weir_suggestion_has_author();
CREATE CONSTRAINT TRIGGER suggestion_carries_event
    AFTER INSERT OR DELETE OR UPDATE ON governance_suggestion
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();
"""

GUARD_REVERSED = """
DROP TRIGGER suggestion_carries_event ON governance_suggestion;
DROP TRIGGER suggestion_has_author ON governance_suggestion;
DROP FUNCTION weir_suggestion_has_author();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0012_replacements_are_found'),
    ]

    operations = [
        migrations.CreateModel(
            name='ItemSnapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.IntegerField()),
                ('position', models.IntegerField()),
                ('kind', models.CharField(max_length=40)),
                ('operation', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=400)),
                ('place', models.CharField(max_length=120)),
                ('after', models.JSONField()),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='snapshots', to='governance.request')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('request', 'revision', 'position'), name='item_snapshot_once')],
            },
        ),
        migrations.CreateModel(
            name='Suggestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.IntegerField()),
                ('kind', models.CharField(max_length=40)),
                ('place', models.CharField(max_length=120)),
                ('name', models.CharField(max_length=400)),
                ('path', models.CharField(max_length=200)),
                ('value', models.CharField(max_length=1000)),
                ('comment', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('state', models.CharField(choices=[('open', 'Open'), ('accepted', 'Accepted'), ('dismissed', 'Dismissed')], default='open', max_length=12)),
                ('settled_by_name', models.CharField(blank=True, max_length=150)),
                ('settled_at', models.DateTimeField(null=True)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='suggestions', to='governance.request')),
                ('suggested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['open', 'accepted', 'dismissed'])), name='suggestion_state_known')],
            },
        ),
        migrations.RunSQL(GUARD, GUARD_REVERSED),
    ]
