"""Delegations: somebody decides in another's name, and four eyes count for both of them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

STANDS = """
CREATE FUNCTION weir_delegation_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL OR
        (NEW.giver_id, NEW.taker_id, NEW.roles, NEW.reason, NEW.starts_at, NEW.ends_at,
            NEW.created_at)
        IS DISTINCT FROM
        (OLD.giver_id, OLD.taker_id, OLD.roles, OLD.reason, OLD.starts_at, OLD.ends_at,
            OLD.created_at) THEN
        RAISE EXCEPTION 'A delegation is only revoked, once; what is on record stays.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER delegation_stands BEFORE UPDATE OR DELETE ON governance_delegation
    FOR EACH ROW EXECUTE FUNCTION weir_delegation_stands();
CREATE CONSTRAINT TRIGGER delegation_carries_event
    AFTER INSERT OR DELETE OR UPDATE ON governance_delegation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();
"""

STANDS_REVERSED = """
DROP TRIGGER delegation_carries_event ON governance_delegation;
DROP TRIGGER delegation_stands ON governance_delegation;
DROP FUNCTION weir_delegation_stands();
"""

# Who gives a review and in whose name: both have agreed then, and neither agrees again.
FOR_BOTH = """
CREATE FUNCTION weir_who_agrees(reviewer bigint, delegation bigint) RETURNS bigint[]
LANGUAGE sql STABLE AS $$
    SELECT array_remove(
        ARRAY[reviewer, (SELECT giver_id FROM governance_delegation WHERE id = delegation)], NULL)
$$;

CREATE OR REPLACE FUNCTION weir_four_eyes_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.verdict = 'approve' AND EXISTS (
        SELECT 1 FROM unnest(weir_who_agrees(NEW.reviewer_id, NEW.delegation_id)) AS person
        WHERE weir_wrote_it(NEW.request_id, person)
    ) THEN
        RAISE EXCEPTION 'Request #% cannot be approved by somebody who wrote or edited it.',
            NEW.request_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.delegation_id IS NOT NULL AND TG_OP = 'INSERT' AND NOT EXISTS (
        SELECT 1 FROM governance_delegation
        WHERE id = NEW.delegation_id AND taker_id = NEW.reviewer_id AND revoked_at IS NULL
            AND starts_at <= statement_timestamp() AND ends_at > statement_timestamp()
            AND regexp_replace(NEW.acted_as, '^second:', 'owner:') = ANY (roles)
    ) THEN
        RAISE EXCEPTION 'A review in another''s name needs a delegation of that role in force.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION weir_four_eyes_author() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM governance_item i
        JOIN governance_request r ON r.id = i.request_id
        JOIN governance_review v ON v.request_id = r.id AND v.revision = r.revision
        WHERE i.id = NEW.item_id AND v.verdict = 'approve'
            AND NEW.user_id = ANY (weir_who_agrees(v.reviewer_id, v.delegation_id))
    ) THEN
        RAISE EXCEPTION 'Somebody who approved this revision cannot become one of its authors.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION weir_four_eyes_requirement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE given governance_review%ROWTYPE;
BEGIN
    IF NEW.review_id IS NULL THEN
        RETURN NEW;
    END IF;
    -- Two requirements settled at once by one person must not miss each other.
    PERFORM 1 FROM governance_request WHERE id = NEW.request_id FOR UPDATE;
    SELECT * INTO given FROM governance_review WHERE id = NEW.review_id;
    IF given.verdict <> 'approve' OR given.request_id <> NEW.request_id
            OR given.revision <> NEW.revision THEN
        RAISE EXCEPTION 'A requirement is met by an approval of the same request and revision only.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM governance_requirement q JOIN governance_review v ON v.id = q.review_id
        WHERE q.request_id = NEW.request_id AND q.revision = NEW.revision AND q.id <> NEW.id
            AND weir_who_agrees(v.reviewer_id, v.delegation_id)
                && weir_who_agrees(given.reviewer_id, given.delegation_id)
    ) THEN
        RAISE EXCEPTION 'One person cannot meet two requirements of request #%.', NEW.request_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

FOR_BOTH_REVERSED = """
CREATE OR REPLACE FUNCTION weir_four_eyes_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.verdict = 'approve' AND NEW.reviewer_id IS NOT NULL
            AND weir_wrote_it(NEW.request_id, NEW.reviewer_id) THEN
        RAISE EXCEPTION 'Request #% cannot be approved by somebody who wrote or edited it.',
            NEW.request_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION weir_four_eyes_author() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM governance_item i
        JOIN governance_request r ON r.id = i.request_id
        JOIN governance_review v ON v.request_id = r.id AND v.revision = r.revision
        WHERE i.id = NEW.item_id AND v.verdict = 'approve' AND v.reviewer_id = NEW.user_id
    ) THEN
        RAISE EXCEPTION 'Somebody who approved this revision cannot become one of its authors.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION weir_four_eyes_requirement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE given governance_review%ROWTYPE;
BEGIN
    IF NEW.review_id IS NULL THEN
        RETURN NEW;
    END IF;
    -- Two requirements settled at once by one person must not miss each other.
    PERFORM 1 FROM governance_request WHERE id = NEW.request_id FOR UPDATE;
    SELECT * INTO given FROM governance_review WHERE id = NEW.review_id;
    IF given.verdict <> 'approve' OR given.request_id <> NEW.request_id
            OR given.revision <> NEW.revision THEN
        RAISE EXCEPTION 'A requirement is met by an approval of the same request and revision only.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF given.reviewer_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM governance_requirement q JOIN governance_review v ON v.id = q.review_id
        WHERE q.request_id = NEW.request_id AND q.revision = NEW.revision AND q.id <> NEW.id
            AND v.reviewer_id = given.reviewer_id
    ) THEN
        RAISE EXCEPTION 'One person cannot meet two requirements of request #%.', NEW.request_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

DROP FUNCTION weir_who_agrees(bigint, bigint);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0019_requirements_name_every_policy'),
    ]

    operations = [
        migrations.CreateModel(
            name='Delegation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), size=None)),
                ('reason', models.CharField(max_length=300)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('revoked_at', models.DateTimeField(null=True)),
                ('revoked_by_name', models.CharField(blank=True, max_length=150)),
                ('giver', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='delegations_given', to=settings.AUTH_USER_MODEL)),
                ('taker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='delegations_taken', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-ends_at', '-id'],
            },
        ),
        migrations.AddField(
            model_name='review',
            name='delegation',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.delegation'),
        ),
        migrations.AddIndex(
            model_name='delegation',
            index=models.Index(condition=models.Q(('revoked_at__isnull', True)), fields=['taker', 'ends_at'], name='delegation_standing'),
        ),
        migrations.AddConstraint(
            model_name='delegation',
            constraint=models.CheckConstraint(condition=models.Q(('giver', models.F('taker')), _negated=True), name='delegation_to_another'),
        ),
        migrations.AddConstraint(
            model_name='delegation',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='delegation_has_a_length'),
        ),
        migrations.AddConstraint(
            model_name='delegation',
            constraint=models.CheckConstraint(condition=models.Q(('roles', []), _negated=True), name='delegation_of_something'),
        ),
        migrations.AddConstraint(
            model_name='delegation',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='delegation_has_a_reason'),
        ),
        migrations.RunSQL(STANDS, STANDS_REVERSED),
        migrations.RunSQL(FOR_BOTH, FOR_BOTH_REVERSED),
    ]
