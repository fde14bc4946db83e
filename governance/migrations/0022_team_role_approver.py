"""A team may have approvers. Memberships that are there are looked through while people go on working.

Going back is refused while somebody is an approver: it would take her right without a word of it in
the audit.
"""

from django.db import migrations, models

BEFORE = [("viewer", "Viewer"), ("requester", "Requester"), ("owner", "Owner")]
AFTER = [*BEFORE[:2], ("approver", "Approver"), BEFORE[2]]

NO_APPROVERS = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM governance_membership WHERE role = 'approver') THEN
        RAISE EXCEPTION 'Some people are approvers of a team. Give them other roles first.';
    END IF;
END $$;
"""
VALIDATE = "ALTER TABLE governance_membership VALIDATE CONSTRAINT membership_role_known;"


def known(choices: list[tuple[str, str]]) -> str:
    """Holds for what is written from now on; rows that are there are looked through by VALIDATE."""
    roles = ", ".join(f"'{role}'" for role, _ in choices)
    return (
        "ALTER TABLE governance_membership DROP CONSTRAINT membership_role_known, "
        f"ADD CONSTRAINT membership_role_known CHECK (role IN ({roles})) NOT VALID;"
    )


class Migration(migrations.Migration):
    atomic = False  # so that the lock of the first statement does not last while the second reads

    dependencies = [("governance", "0021_retention_limits_by_data_class")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(known(AFTER), VALIDATE),
                migrations.RunSQL(VALIDATE, NO_APPROVERS + known(BEFORE)),
            ],
            state_operations=[
                migrations.AlterField(
                    "membership", "role", models.CharField(choices=AFTER, max_length=16)
                ),
                migrations.RemoveConstraint("membership", "membership_role_known"),
                migrations.AddConstraint(
                    "membership",
                    models.CheckConstraint(
                        condition=models.Q(role__in=[role for role, _ in AFTER]),
                        name="membership_role_known",
                    ),
                ),
            ],
        ),
    ]
