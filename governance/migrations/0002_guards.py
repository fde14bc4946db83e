"""What the database itself refuses, whatever a service does.

Four rules, each a trigger with a sentence of its own: events are only inserted; a commit that
changed a governed row carries an event; an approval comes from somebody who wrote nothing of it;
prefixes of two applications do not overlap. `weir_require_event` also guards tables of other apps.
"""

from django.db import migrations

EVENTS_ARE_ONLY_INSERTED = """
CREATE FUNCTION weir_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only: the audit is never changed, only added to.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_insert_only BEFORE UPDATE OR DELETE ON governance_event
    FOR EACH ROW EXECUTE FUNCTION weir_insert_only();
CREATE TRIGGER seal_insert_only BEFORE UPDATE OR DELETE ON governance_seal
    FOR EACH ROW EXECUTE FUNCTION weir_insert_only();
CREATE TRIGGER sealed_event_insert_only BEFORE UPDATE OR DELETE ON governance_sealedevent
    FOR EACH ROW EXECUTE FUNCTION weir_insert_only();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON governance_event
    FOR EACH STATEMENT EXECUTE FUNCTION weir_insert_only();
CREATE TRIGGER seal_no_truncate BEFORE TRUNCATE ON governance_seal
    FOR EACH STATEMENT EXECUTE FUNCTION weir_insert_only();
CREATE TRIGGER sealed_event_no_truncate BEFORE TRUNCATE ON governance_sealedevent
    FOR EACH STATEMENT EXECUTE FUNCTION weir_insert_only();
"""

EVENTS_REVERSED = """
DROP TRIGGER event_insert_only ON governance_event;
DROP TRIGGER seal_insert_only ON governance_seal;
DROP TRIGGER sealed_event_insert_only ON governance_sealedevent;
DROP TRIGGER event_no_truncate ON governance_event;
DROP TRIGGER seal_no_truncate ON governance_seal;
DROP TRIGGER sealed_event_no_truncate ON governance_sealedevent;
DROP FUNCTION weir_insert_only();
"""

# Deferred to the commit, so that the order of writes within a transaction is free.
A_CHANGE_CARRIES_AN_EVENT = """
CREATE FUNCTION weir_require_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM governance_event WHERE txid = pg_current_xact_id()) THEN
        RAISE EXCEPTION '% of a row in % without an event in the same transaction.',
            TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation',
                  HINT = 'Change governed rows through a service, which records the event.';
    END IF;
    RETURN NULL;
END $$;
"""

GOVERNED = {
    "request": "state, title, reason, team_id, environment_id, revision, author_id",
    "item": "kind, operation, name, place, after, state",
    "review": "",
    "requirement": "",
    "policy": "",
    "policyversion": "",
    "team": "",
    "membership": "",
    "orgrole": "",
    "application": "",
    "applicationprefix": "",
    "environment": "",
    "resource": "",
    "servicetoken": "team_id, name, digest, scopes, context, expires_at, revoked_at",
}


def guard(table: str, columns: str) -> str:
    of = f" OF {columns}" if columns else ""
    return (
        f"CREATE CONSTRAINT TRIGGER {table}_carries_event "
        f"AFTER INSERT OR DELETE OR UPDATE{of} ON governance_{table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();"
    )


def unguard(table: str) -> str:
    return f"DROP TRIGGER {table}_carries_event ON governance_{table};"


FOUR_EYES = """
CREATE FUNCTION weir_wrote_it(asked_request bigint, person bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM governance_request WHERE id = asked_request AND author_id = person)
        OR EXISTS (SELECT 1 FROM governance_itemauthor a JOIN governance_item i ON i.id = a.item_id
                   WHERE i.request_id = asked_request AND a.user_id = person)
$$;

CREATE FUNCTION weir_four_eyes_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.verdict = 'approve' AND NEW.reviewer_id IS NOT NULL
            AND weir_wrote_it(NEW.request_id, NEW.reviewer_id) THEN
        RAISE EXCEPTION 'Request #% cannot be approved by somebody who wrote or edited it.',
            NEW.request_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_four_eyes BEFORE INSERT OR UPDATE ON governance_review
    FOR EACH ROW EXECUTE FUNCTION weir_four_eyes_review();

CREATE FUNCTION weir_four_eyes_author() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER item_author_four_eyes BEFORE INSERT OR UPDATE ON governance_itemauthor
    FOR EACH ROW EXECUTE FUNCTION weir_four_eyes_author();

CREATE FUNCTION weir_four_eyes_requirement() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER requirement_four_eyes BEFORE INSERT OR UPDATE ON governance_requirement
    FOR EACH ROW EXECUTE FUNCTION weir_four_eyes_requirement();

CREATE FUNCTION weir_approved_by_all() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER request_approved_by_all BEFORE UPDATE OF state ON governance_request
    FOR EACH ROW EXECUTE FUNCTION weir_approved_by_all();
"""

FOUR_EYES_REVERSED = """
DROP TRIGGER request_approved_by_all ON governance_request;
DROP FUNCTION weir_approved_by_all();
DROP TRIGGER requirement_four_eyes ON governance_requirement;
DROP FUNCTION weir_four_eyes_requirement();
DROP TRIGGER item_author_four_eyes ON governance_itemauthor;
DROP FUNCTION weir_four_eyes_author();
DROP TRIGGER review_four_eyes ON governance_review;
DROP FUNCTION weir_four_eyes_review();
DROP FUNCTION weir_wrote_it(bigint, bigint);
"""

PREFIXES_DO_NOT_OVERLAP = """
CREATE FUNCTION weir_prefixes_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE other text;
BEGIN
    -- One writer of prefixes at a time: a check of rows alone would miss one not committed yet.
    PERFORM pg_advisory_xact_lock(hashtext('governance_applicationprefix'));
    SELECT prefix INTO other FROM governance_applicationprefix
        WHERE application_id <> NEW.application_id
            AND (starts_with(prefix, NEW.prefix) OR starts_with(NEW.prefix, prefix)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Prefix "%" overlaps "%" of another application.', NEW.prefix, other
            USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER application_prefixes_apart BEFORE INSERT OR UPDATE ON governance_applicationprefix
    FOR EACH ROW EXECUTE FUNCTION weir_prefixes_apart();
"""

PREFIXES_REVERSED = """
DROP TRIGGER application_prefixes_apart ON governance_applicationprefix;
DROP FUNCTION weir_prefixes_apart();
"""

POLICY_VERSIONS_STAND = """
CREATE FUNCTION weir_policy_version_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.policy_id, NEW.version, NEW.kind, NEW.expression, NEW.severity, NEW.approver, NEW.path,
            NEW.message, NEW.way_out, NEW.scope)
        IS DISTINCT FROM
       (OLD.policy_id, OLD.version, OLD.kind, OLD.expression, OLD.severity, OLD.approver, OLD.path,
            OLD.message, OLD.way_out, OLD.scope) THEN
        RAISE EXCEPTION 'A version of a policy never changes: write a new version.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policy_version_stands BEFORE UPDATE ON governance_policyversion
    FOR EACH ROW EXECUTE FUNCTION weir_policy_version_stands();
"""

POLICY_VERSIONS_REVERSED = """
DROP TRIGGER policy_version_stands ON governance_policyversion;
DROP FUNCTION weir_policy_version_stands();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_people_requests_rules_audit")]

    operations = [
        migrations.RunSQL(EVENTS_ARE_ONLY_INSERTED, EVENTS_REVERSED),
        migrations.RunSQL(
            A_CHANGE_CARRIES_AN_EVENT, "DROP FUNCTION weir_require_event();"
        ),
        migrations.RunSQL(
            "\n".join(guard(table, columns) for table, columns in GOVERNED.items()),
            "\n".join(unguard(table) for table in GOVERNED),
        ),
        migrations.RunSQL(FOUR_EYES, FOUR_EYES_REVERSED),
        migrations.RunSQL(PREFIXES_DO_NOT_OVERLAP, PREFIXES_REVERSED),
        migrations.RunSQL(POLICY_VERSIONS_STAND, POLICY_VERSIONS_REVERSED),
    ]
