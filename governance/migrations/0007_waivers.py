"""Waivers, and who may grant them; what they let pass is kept with the finding."""

import datetime

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

STANDS = """
CREATE OR REPLACE FUNCTION weir_policy_version_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.policy_id, NEW.version, NEW.kind, NEW.expression, NEW.severity, NEW.approver, NEW.path,
            NEW.message, NEW.way_out, NEW.scope{new})
        IS DISTINCT FROM
       (OLD.policy_id, OLD.version, OLD.kind, OLD.expression, OLD.severity, OLD.approver, OLD.path,
            OLD.message, OLD.way_out, OLD.scope{old}) THEN
        RAISE EXCEPTION 'A version of a policy never changes: write a new version.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
GUARD = (
    "CREATE CONSTRAINT TRIGGER waiver_carries_event "
    "AFTER INSERT OR DELETE OR UPDATE ON governance_waiver "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();"
)


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_requests_expire")]

    operations = [
        migrations.AddField(
            model_name='finding',
            name='waived',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='waiver',
            field=models.CharField(db_default='platform', default='platform', max_length=80),
        ),
        migrations.CreateModel(
            name='Waiver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('policy_version', models.IntegerField()),
                ('kind', models.CharField(max_length=40)),
                ('place', models.CharField(max_length=120)),
                ('object', models.CharField(max_length=400)),
                ('name', models.CharField(max_length=400)),
                ('reason', models.TextField()),
                ('generation', models.IntegerField(default=1)),
                ('granted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ends_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_reason', models.TextField(blank=True)),
                ('asked_by', models.CharField(blank=True, max_length=150)),
                ('granted_by', models.TextField(blank=True)),
                ('ended_request', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.request')),
                ('environment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.environment')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waivers', to='governance.policy')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.request')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waivers', to='governance.team')),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'place', 'object'], name='waiver_by_object'), models.Index(fields=['ends_at', 'id'], name='waiver_by_end'), models.Index(fields=['team', 'ends_at'], name='waiver_by_team')],
                'constraints': [models.UniqueConstraint(fields=('place', 'name'), name='waiver_once'), models.CheckConstraint(condition=models.Q(('ends_at__lte', django.db.models.expressions.CombinedExpression(models.F('granted_at'), '+', models.Value(datetime.timedelta(days=367))))), name='waiver_a_year_at_most')],
            },
        ),
        migrations.RunSQL(
            STANDS.format(new=", NEW.waiver", old=", OLD.waiver"), STANDS.format(new="", old="")
        ),
        migrations.RunSQL(GUARD, "DROP TRIGGER waiver_carries_event ON governance_waiver;"),
    ]
