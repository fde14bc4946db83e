"""Registering as one call in the database; and a commit that changes the registry carries an event.

`registry_register` takes the lock that makes versions of a subject follow each other, and nothing
is parsed or compared under it: what the caller decided on is named by the subject's revision, and
another revision is answered with "stale", upon which the caller decides again.
"""

from django.db import migrations

CONTEXT = """
CREATE FUNCTION registry_context_id(asked text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE got bigint;
BEGIN
    SELECT id INTO got FROM registry_context WHERE name = asked;
    IF got IS NULL THEN
        INSERT INTO registry_context (name) VALUES (asked)
            ON CONFLICT (name) DO NOTHING RETURNING id INTO got;
        IF got IS NULL THEN  -- somebody else made it while we waited for the index
            SELECT id INTO got FROM registry_context WHERE name = asked;
        ELSE
            -- Ids are counted per context, and a row that each writer locks until its commit is
            -- on disk would cost three quarters of the writes; a sequence costs none.
            EXECUTE format('DROP SEQUENCE IF EXISTS registry_ids_%s', got);
            EXECUTE format('CREATE SEQUENCE registry_ids_%s MAXVALUE 2147483647', got);
            INSERT INTO registry_change (name) VALUES ('contexts');
        END IF;
    END IF;
    RETURN got;
END $$;
"""

SUBJECT = """
CREATE FUNCTION registry_lock_subject(in_context bigint, asked text,
        OUT got bigint, OUT at_revision bigint) LANGUAGE plpgsql AS $$
BEGIN
    -- A writer that hangs must not hang all the others with it.
    PERFORM set_config('lock_timeout', '5s', true);
    LOOP
        SELECT id, revision INTO got, at_revision FROM registry_subject
            WHERE context_id = in_context AND name = asked FOR UPDATE;
        EXIT WHEN got IS NOT NULL;
        INSERT INTO registry_subject (context_id, name) VALUES (in_context, asked)
            ON CONFLICT DO NOTHING;
    END LOOP;
END $$;
"""

# A schema that is new gets the next id of its context; on a race for the same content the loser
# finds the winner's row, and one number is never used.
SCHEMA = """
CREATE FUNCTION registry_schema(in_context bigint, asked_id integer, new_type text, new_text text,
        new_identity bytea, new_likeness bytea, new_whole bytea, new_references jsonb,
        new_metadata jsonb, new_rules jsonb, OUT got bigint, OUT got_id integer)
LANGUAGE plpgsql AS $$
DECLARE
    ids text := format('registry_ids_%s', in_context);
    is_new boolean := false;
BEGIN
    LOOP
        SELECT id, schema_id INTO got, got_id FROM registry_schema
            WHERE context_id = in_context AND identity = new_identity;
        EXIT WHEN got IS NOT NULL;
        got_id := coalesce(asked_id, nextval(ids)::integer);
        INSERT INTO registry_schema (context_id, schema_id, type, text, identity, likeness, whole,
                                     "references", metadata, rule_set)
            VALUES (in_context, got_id, new_type, new_text, new_identity, new_likeness, new_whole,
                    new_references, new_metadata, new_rules)
            ON CONFLICT DO NOTHING RETURNING id INTO got;
        IF got IS NOT NULL THEN
            INSERT INTO registry_reference (schema_id, context, subject, version)
                SELECT got, r->>3, r->>4, (r->>2)::integer
                FROM jsonb_array_elements(new_references) r;
            is_new := true;
            EXIT;
        END IF;
        IF asked_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM registry_schema
                WHERE context_id = in_context AND identity = new_identity) THEN
            EXIT;  -- the id is taken by other content: the caller is told by got being null
        END IF;
    END LOOP;
    IF is_new AND asked_id IS NOT NULL THEN
        PERFORM setval(ids, greatest(asked_id, nextval(ids) - 1, 1));
    END IF;
END $$;
"""

REGISTER = """
CREATE FUNCTION registry_register(
    in_context text, in_subject text, seen_revision bigint, asked_version integer,
    asked_id integer, importing boolean, new_type text, new_text text, new_identity bytea,
    new_likeness bytea, new_whole bytea, new_references jsonb, new_metadata jsonb, new_rules jsonb,
    by_name text, from_place text, by_request bigint,
    OUT outcome text, OUT made_version integer, OUT made_id integer, OUT made_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    ctx bigint := registry_context_id(in_context);
    subj bigint;
    rev bigint;
    sch bigint;
    highest integer;
BEGIN
    SELECT got, at_revision INTO subj, rev FROM registry_lock_subject(ctx, in_subject);
    IF rev <> seen_revision THEN
        outcome := 'stale';
        RETURN;
    END IF;
    SELECT coalesce(max(version), 0) INTO highest FROM registry_version WHERE subject_id = subj;
    IF NOT importing AND asked_version IS NOT NULL AND asked_version <> highest + 1 THEN
        outcome := 'version';
        RETURN;
    END IF;
    SELECT got, got_id INTO sch, made_id FROM registry_schema(
        ctx, asked_id, new_type, new_text, new_identity, new_likeness, new_whole, new_references,
        new_metadata, new_rules);
    IF sch IS NULL THEN
        outcome := 'taken';
        RETURN;
    END IF;
    IF asked_id IS NOT NULL AND made_id <> asked_id THEN
        outcome := 'other id';
        RETURN;
    END IF;
    made_version := coalesce(asked_version, highest + 1);
    -- Deleted versions of the same content give way to the new one, unless something names them.
    DELETE FROM registry_version v WHERE v.subject_id = subj AND v.schema_id = sch AND v.deleted
        AND v.version <> made_version
        AND NOT EXISTS (SELECT 1 FROM registry_reference r WHERE r.context = in_context
                        AND r.subject = in_subject AND r.version = v.version);
    INSERT INTO registry_version AS v (subject_id, version, schema_id, registered_by,
                                       registered_from, request_id)
        VALUES (subj, made_version, sch, by_name, from_place, by_request)
        ON CONFLICT (subject_id, version) DO UPDATE SET schema_id = excluded.schema_id,
            deleted = false, registered_at = excluded.registered_at,
            registered_by = excluded.registered_by, registered_from = excluded.registered_from,
            request_id = excluded.request_id
        RETURNING v.registered_at INTO made_at;
    UPDATE registry_subject SET revision = revision + 1 WHERE id = subj;
    INSERT INTO registry_change (name) VALUES
        ('subjects'), ('subject/' || in_context || '/' || in_subject),
        ('id/' || in_context || '/' || made_id);
    outcome := 'made';
END $$;
"""

GUARDED = {
    "context": "name",
    "version": "subject_id, version, schema_id, deleted",
    "config": "context, subject, values",
    "mode": "context, subject, mode",
}


def guard(table, columns):
    return (
        f"CREATE CONSTRAINT TRIGGER registry_{table}_carries_event "
        f"AFTER INSERT OR DELETE OR UPDATE OF {columns.replace('values', chr(34) + 'values' + chr(34))} "
        f"ON registry_{table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();"
    )


def unguard(table):
    return f"DROP TRIGGER registry_{table}_carries_event ON registry_{table};"


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0001_subjects_schemas_settings"),
        ("governance", "0002_guards"),
    ]

    operations = [
        migrations.RunSQL(CONTEXT, "DROP FUNCTION registry_context_id(text);"),
        migrations.RunSQL(SUBJECT, "DROP FUNCTION registry_lock_subject(bigint, text);"),
        migrations.RunSQL(
            SCHEMA,
            "DROP FUNCTION registry_schema(bigint, integer, text, text, bytea, bytea, bytea, jsonb,"
            " jsonb, jsonb);",
        ),
        migrations.RunSQL(
            REGISTER,
            "DROP FUNCTION registry_register(text, text, bigint, integer, integer, boolean, text,"
            " text, bytea, bytea, bytea, jsonb, jsonb, jsonb, text, text, bigint);",
        ),
        migrations.RunSQL(
            "\n".join(guard(table, columns) for table, columns in GUARDED.items()),
            "\n".join(unguard(table) for table in GUARDED),
        ),
        # The sequences of contexts belong to rows, not to models; going back drops them too.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "DO $$ DECLARE n bigint; BEGIN FOR n IN SELECT id FROM registry_context LOOP"
            " EXECUTE format('DROP SEQUENCE IF EXISTS registry_ids_%s', n); END LOOP; END $$;",
        ),
    ]
