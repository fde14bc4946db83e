"""Whoever registers holds what the new version needs; numbers have an end; likeness is not sameness."""

from importlib import import_module

from django.db import migrations

before = import_module("registry.migrations.0004_twins_and_deleted_contexts")

# A schema that refers to a subject holds it by KEY SHARE, so that it is not deleted meanwhile; two
# subjects whose new versions refer to each other's older ones do not wait for each other.
LOCK = """
CREATE OR REPLACE FUNCTION registry_lock_subject(in_context bigint, asked text,
        OUT got bigint, OUT at_revision bigint) LANGUAGE plpgsql AS $$
BEGIN
    -- A writer that hangs must not hang all the others with it.
    PERFORM set_config('lock_timeout', '5s', true);
    LOOP
        SELECT id, revision INTO got, at_revision FROM registry_subject
            WHERE context_id = in_context AND name = asked FOR {strength};
        EXIT WHEN got IS NOT NULL;
        INSERT INTO registry_subject (context_id, name) VALUES (in_context, asked)
            ON CONFLICT DO NOTHING;
    END LOOP;
END $$;
"""

DROP = """
DROP FUNCTION registry_schema(bigint, integer, text, text, bytea, bytea, bytea, jsonb, jsonb, jsonb);
"""

SCHEMA = """
CREATE FUNCTION registry_schema(in_context bigint, asked_id integer, new_type text, new_text text,
        new_identity bytea, new_likeness bytea, new_whole bytea, new_references jsonb,
        new_metadata jsonb, new_rules jsonb, OUT got bigint, OUT got_id integer, OUT is_new boolean)
LANGUAGE plpgsql AS $$
DECLARE
    ids text := format('registry_ids_%s', in_context);
BEGIN
    is_new := false;
    LOOP
        -- Whoever deletes the last version that holds it waits for us, or we for them.
        SELECT id, schema_id INTO got, got_id FROM registry_schema
            WHERE context_id = in_context AND identity = new_identity
                AND (asked_id IS NULL OR schema_id = asked_id)
            ORDER BY twin, schema_id LIMIT 1 FOR KEY SHARE;
        EXIT WHEN got IS NOT NULL;
        got_id := coalesce(asked_id, nextval(ids)::integer);
        INSERT INTO registry_schema (context_id, schema_id, type, text, identity, likeness, whole,
                                     "references", metadata, rule_set, twin)
            VALUES (in_context, got_id, new_type, new_text, new_identity, new_likeness, new_whole,
                    new_references, new_metadata, new_rules,
                    asked_id IS NOT NULL AND EXISTS (SELECT 1 FROM registry_schema
                        WHERE context_id = in_context AND identity = new_identity))
            ON CONFLICT DO NOTHING RETURNING id INTO got;
        IF got IS NOT NULL THEN
            INSERT INTO registry_reference (schema_id, context, subject, version)
                SELECT got, r->>3, r->>4, (r->>2)::integer
                FROM jsonb_array_elements(new_references) r;
            is_new := true;
            EXIT;
        END IF;
        IF EXISTS (SELECT 1 FROM registry_schema WHERE context_id = in_context
                AND schema_id = asked_id AND identity <> new_identity) THEN
            EXIT;  -- the id is taken by other content: the caller is told by got being null
        END IF;
    END LOOP;
    -- Ids near the end of the numbers, which only an import can bring, do not end the counting.
    IF is_new AND asked_id < 2000000000 THEN
        PERFORM setval(ids, greatest(asked_id, nextval(ids) - 1, 1));
    END IF;
END $$;
"""

REGISTER = """
CREATE OR REPLACE FUNCTION registry_register(
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
    highest bigint;
    gone boolean;
    was_new boolean;
    was bigint;
    was_id integer;
BEGIN
    -- Whoever deletes the context waits for us, or we for them.
    SELECT deleted INTO gone FROM registry_context WHERE id = ctx FOR KEY SHARE;
    IF gone THEN
        UPDATE registry_context SET deleted = false WHERE id = ctx;
        INSERT INTO registry_change (name) VALUES ('contexts');
    END IF;
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
    IF asked_version IS NULL AND highest + 1 > 2147483647 THEN
        outcome := 'full';
        RETURN;
    END IF;
    SELECT got, got_id, is_new INTO sch, made_id, was_new FROM registry_schema(
        ctx, asked_id, new_type, new_text, new_identity, new_likeness, new_whole, new_references,
        new_metadata, new_rules);
    IF sch IS NULL THEN
        outcome := 'taken';
        RETURN;
    END IF;
    made_version := coalesce(asked_version, highest + 1);
    -- Deleted versions of the same content give way to the new one, unless something names them:
    -- whoever is about to holds the subject, and is waited for.
    IF EXISTS (SELECT 1 FROM registry_version v WHERE v.subject_id = subj AND v.schema_id = sch
            AND v.deleted AND v.version <> made_version) THEN
        PERFORM 1 FROM registry_subject WHERE id = subj FOR UPDATE;
    END IF;
    DELETE FROM registry_version v WHERE v.subject_id = subj AND v.schema_id = sch AND v.deleted
        AND v.version <> made_version
        AND NOT EXISTS (SELECT 1 FROM registry_reference r WHERE r.context = in_context
                        AND r.subject = in_subject AND r.version = v.version);
    -- An import may put other content in the place of a version, whose id may then end.
    SELECT h.id, h.schema_id INTO was, was_id FROM registry_version v
        JOIN registry_schema h ON h.id = v.schema_id
        WHERE v.subject_id = subj AND v.version = made_version AND h.id <> sch FOR UPDATE OF h;
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
    IF was IS NOT NULL THEN
        INSERT INTO registry_change (name) VALUES ('id/' || in_context || '/' || was_id);
        IF NOT EXISTS (SELECT 1 FROM registry_version WHERE schema_id = was) THEN
            DELETE FROM registry_reference WHERE schema_id = was;
            DELETE FROM registry_schema WHERE id = was;
        END IF;
    END IF;
    -- Of what has the identity of another, the caller sees whether it is the same.
    outcome := CASE WHEN was_new THEN 'made' ELSE 'known' END;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_twins_and_deleted_contexts")]

    operations = [
        migrations.RunSQL(
            LOCK.format(strength="NO KEY UPDATE"),
            LOCK.format(strength="UPDATE"),
        ),
        migrations.RunSQL(DROP + SCHEMA, DROP + before.SCHEMA),
        migrations.RunSQL(REGISTER, before.REGISTER),
    ]
