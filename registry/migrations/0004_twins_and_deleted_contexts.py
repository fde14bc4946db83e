"""An import may bring content under a second id; and a deleted context keeps count of its ids."""

from django.db import migrations, models

SCHEMA = """
CREATE OR REPLACE FUNCTION registry_schema(in_context bigint, asked_id integer, new_type text, new_text text,
        new_identity bytea, new_likeness bytea, new_whole bytea, new_references jsonb,
        new_metadata jsonb, new_rules jsonb, OUT got bigint, OUT got_id integer)
LANGUAGE plpgsql AS $$
DECLARE
    ids text := format('registry_ids_%s', in_context);
    is_new boolean := false;
BEGIN
    LOOP
        SELECT id, schema_id INTO got, got_id FROM registry_schema
            WHERE context_id = in_context AND identity = new_identity
                AND (asked_id IS NULL OR schema_id = asked_id)
            ORDER BY twin, schema_id LIMIT 1;
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
    IF is_new AND asked_id IS NOT NULL THEN
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
    highest integer;
    gone boolean;
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
    SELECT got, got_id INTO sch, made_id FROM registry_schema(
        ctx, asked_id, new_type, new_text, new_identity, new_likeness, new_whole, new_references,
        new_metadata, new_rules);
    IF sch IS NULL THEN
        outcome := 'taken';
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

SCHEMA_BEFORE = """
CREATE OR REPLACE FUNCTION registry_schema(in_context bigint, asked_id integer, new_type text, new_text text,
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

REGISTER_BEFORE = """
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

# Going back, there is one id for a content again, and what was deleted is gone.
BACK = """
ALTER TABLE registry_version DISABLE TRIGGER registry_version_carries_event;
ALTER TABLE registry_context DISABLE TRIGGER registry_context_carries_event;
UPDATE registry_version v SET schema_id = o.id FROM registry_schema t, registry_schema o
    WHERE v.schema_id = t.id AND t.twin AND o.context_id = t.context_id
        AND o.identity = t.identity AND NOT o.twin;
DELETE FROM registry_reference r USING registry_schema t WHERE r.schema_id = t.id AND t.twin;
DELETE FROM registry_schema WHERE twin;
DELETE FROM registry_subject s USING registry_context c WHERE s.context_id = c.id AND c.deleted;
DELETE FROM registry_context WHERE deleted;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE registry_version ENABLE TRIGGER registry_version_carries_event;
ALTER TABLE registry_context ENABLE TRIGGER registry_context_carries_event;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_associations")]

    operations = [
        migrations.AddField("context", "deleted", models.BooleanField(db_default=False)),
        migrations.AddField("schema", "twin", models.BooleanField(db_default=False)),
        migrations.RemoveConstraint("schema", "schema_content_once"),
        migrations.RunSQL(migrations.RunSQL.noop, BACK),
        migrations.AddConstraint(
            "schema",
            models.UniqueConstraint(
                fields=["context", "identity"],
                condition=models.Q(twin=False),
                name="schema_content_once_but_for_twins",
            ),
        ),
        migrations.RunSQL(SCHEMA, SCHEMA_BEFORE),
        migrations.RunSQL(REGISTER, REGISTER_BEFORE),
    ]
