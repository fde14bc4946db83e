"""A commit that changes a cluster's record, a declared topic or a decision carries an event.

What workers write about what they saw (observations, `last_applied`, leases) is no change of what
people decided, so those columns are not guarded.
"""

from django.db import migrations

GUARDED = {
    "cluster": (
        "slug, name, environment_id, bootstrap, security, password_ref, key_password_ref, profile, "
        "account, region, boundary, zones, drift_mode"
    ),
    "declaredtopic": (
        "resource_id, environment_id, cluster_id, name, generation, partitions, "
        "replication_factor, configs, paused"
    ),
    "drift": "state, decided_by_id, reason, until",
}


def guard(table, columns):
    return (
        f"CREATE CONSTRAINT TRIGGER {table}_carries_event "
        f"AFTER INSERT OR DELETE OR UPDATE OF {columns} ON topics_{table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();"
    )


def unguard(table):
    return f"DROP TRIGGER {table}_carries_event ON topics_{table};"


class Migration(migrations.Migration):
    dependencies = [
        ("topics", "0001_clusters_topics_drift"),
        ("governance", "0002_guards"),
    ]

    operations = [
        migrations.RunSQL(
            "\n".join(guard(table, columns) for table, columns in GUARDED.items()),
            "\n".join(unguard(table) for table in GUARDED),
        ),
    ]
