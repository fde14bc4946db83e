"""Change windows, freezes and broken glass; by trigger a broken glass is looked at by another person.

`weir_approved_by_all` lets a request through whose glass was broken for the revision that stands.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GLASS = """
CREATE FUNCTION weir_glass_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (
        OLD.reviewer_id IS NOT NULL
        OR (NEW.request_id, NEW.revision, NEW.reason, NEW.broken_by_id, NEW.broken_at, NEW.due)
            IS DISTINCT FROM
           (OLD.request_id, OLD.revision, OLD.reason, OLD.broken_by_id, OLD.broken_at, OLD.due)
    ) THEN
        RAISE EXCEPTION 'A broken glass is only looked at, once; what is on record stays.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.reviewer_id IS NOT NULL AND weir_wrote_it(NEW.request_id, NEW.reviewer_id) THEN
        RAISE EXCEPTION 'The broken glass of request #% is looked at by somebody who wrote nothing of it.',
            NEW.request_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER brokenglass_stands BEFORE INSERT OR UPDATE ON governance_brokenglass
    FOR EACH ROW EXECUTE FUNCTION weir_glass_stands();

CREATE OR REPLACE FUNCTION weir_approved_by_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'approved' AND OLD.state IN ('checking', 'in_review') AND (
        NOT EXISTS (SELECT 1 FROM governance_requirement
                    WHERE request_id = NEW.id AND revision = NEW.revision)
        OR EXISTS (SELECT 1 FROM governance_requirement
                   WHERE request_id = NEW.id AND revision = NEW.revision AND review_id IS NULL)
    ) AND NOT (NEW.break_glass AND EXISTS (
        SELECT 1 FROM governance_brokenglass
        WHERE request_id = NEW.id AND revision = NEW.revision AND reviewer_id IS NULL AND due > now()
    )) THEN
        RAISE EXCEPTION 'Request #% lacks an approval that it needs.', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

GLASS_REVERSED = """
CREATE OR REPLACE FUNCTION weir_approved_by_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'approved' AND OLD.state IN ('checking', 'in_review') AND (
        NOT EXISTS (SELECT 1 FROM governance_requirement
                    WHERE request_id = NEW.id AND revision = NEW.revision)
        OR EXISTS (SELECT 1 FROM governance_requirement
                   WHERE request_id = NEW.id AND revision = NEW.revision AND review_id IS NULL)
    ) THEN
        RAISE EXCEPTION 'Request #% lacks an approval that it needs.', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER brokenglass_stands ON governance_brokenglass;
DROP FUNCTION weir_glass_stands();
"""

EVENTS = """
CREATE CONSTRAINT TRIGGER freeze_carries_event AFTER INSERT OR DELETE OR UPDATE ON governance_freeze
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();
CREATE CONSTRAINT TRIGGER brokenglass_carries_event
    AFTER INSERT OR DELETE OR UPDATE ON governance_brokenglass
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();
CREATE CONSTRAINT TRIGGER request_time_carries_event
    AFTER UPDATE OF not_before, break_glass, review_due ON governance_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();
"""

EVENTS_REVERSED = """
DROP TRIGGER request_time_carries_event ON governance_request;
DROP TRIGGER brokenglass_carries_event ON governance_brokenglass;
DROP TRIGGER freeze_carries_event ON governance_freeze;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0008_simulations'),
    ]

    operations = [
        migrations.CreateModel(
            name='BrokenGlass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.IntegerField()),
                ('reason', models.TextField()),
                ('broken_at', models.DateTimeField(auto_now_add=True)),
                ('due', models.DateTimeField()),
                ('verdict', models.CharField(blank=True, choices=[('confirmed', 'Confirmed'), ('objected', 'Objected')], max_length=12)),
                ('comment', models.TextField(blank=True)),
                ('reviewed_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['due', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Freeze',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=300)),
                ('declared_at', models.DateTimeField(auto_now_add=True)),
                ('lifted_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['starts_at', 'id'],
            },
        ),
        migrations.AddField(
            model_name='environment',
            name='change_windows',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='request',
            name='not_before',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='request',
            name='scheduled_for',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='brokenglass',
            name='broken_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='brokenglass',
            name='request',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='glasses', to='governance.request'),
        ),
        migrations.AddField(
            model_name='brokenglass',
            name='reviewer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='freeze',
            name='declared_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='freeze',
            name='environment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='freezes', to='governance.environment'),
        ),
        migrations.AddField(
            model_name='freeze',
            name='lifted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='brokenglass',
            index=models.Index(condition=models.Q(('reviewer__isnull', True)), fields=['due'], name='glass_open'),
        ),
        migrations.AddConstraint(
            model_name='brokenglass',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='glass_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='brokenglass',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reviewed_at__isnull', True), ('reviewer__isnull', True), ('verdict', '')), models.Q(('reviewed_at__isnull', False), ('reviewer__isnull', False), ('verdict__in', ['confirmed', 'objected'])), _connector='OR'), name='glass_reviewed_wholly'),
        ),
        migrations.AddConstraint(
            model_name='brokenglass',
            constraint=models.CheckConstraint(condition=models.Q(('reviewer__isnull', True), models.Q(('reviewer', models.F('broken_by')), _negated=True), _connector='OR'), name='glass_reviewed_by_another'),
        ),
        migrations.AddIndex(
            model_name='freeze',
            index=models.Index(condition=models.Q(('lifted_at__isnull', True)), fields=['environment', 'ends_at'], name='freeze_standing'),
        ),
        migrations.AddConstraint(
            model_name='freeze',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='freeze_has_a_length'),
        ),
        migrations.AddConstraint(
            model_name='freeze',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='freeze_has_a_reason'),
        ),
        migrations.RunSQL(GLASS, GLASS_REVERSED),
        migrations.RunSQL(EVENTS, EVENTS_REVERSED),
    ]
