"""Statistics on names in capitals, which is how a search compares them.

Without them PostgreSQL takes every word for a rare one, and joins row by row what a common word
finds thousands of times.
"""

from django.db import migrations

TABLES = ("topics_declaredtopic", "topics_observedtopic")


class Migration(migrations.Migration):
    dependencies = [("topics", "0007_measures_and_prices")]

    operations = [
        migrations.RunSQL(
            [
                statement
                for table in TABLES
                for statement in (
                    f"CREATE STATISTICS {table}_name_upper ON (upper(name::text)) FROM {table}",
                    f"ANALYZE {table}",
                )
            ],
            [f"DROP STATISTICS {table}_name_upper" for table in TABLES],
        ),
    ]
