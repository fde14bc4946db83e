"""Policies as rows: versions that stand, one in force, files as the same objects."""

from dataclasses import replace

import pytest
from django.db import DatabaseError, transaction

from governance.errors import Invalid, NotAllowed, NotFound, Refused
from governance.models import Event, Policy, PolicyVersion
from governance.policy.load import PolicyText, starter, write_policies
from governance.services import policies
from governance.services.checks import active_policies
from tests.factories import Cast, make_cast

pytestmark = pytest.mark.django_db

TEXT = PolicyText(
    name="small",
    kind="toy",
    owner="platform",
    severity="warn",
    expression='item.name != "big"',
    message="It is not small.",
)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def events() -> list[str]:
    return list(
        Event.objects.filter(action__startswith="policy.")
        .order_by("id")
        .values_list("action", flat=True)
    )


def test_a_changed_text_is_a_new_version_and_an_unchanged_one_is_not(cast: Cast) -> None:
    first = policies.write_version(TEXT, by=cast.platform)
    again = policies.write_version(TEXT, by=cast.platform)
    second = policies.write_version(replace(TEXT, severity="deny"), by=cast.platform)
    assert (first.version, again.pk, second.version) == (1, first.pk, 2)
    assert events() == ["policy.version_written"] * 2
    with pytest.raises(DatabaseError, match="write a new version"), transaction.atomic():
        PolicyVersion.objects.filter(pk=first.pk).update(expression="true")


def test_one_version_at_most_is_in_force(cast: Cast) -> None:
    policies.write_version(TEXT, by=cast.platform, activate=True)
    policies.write_version(replace(TEXT, message="New."), by=cast.platform, activate=True)
    assert [(row.name, row.version) for row in active_policies()] == [("small", 2)]
    policies.activate("small", 1, by=cast.platform)
    assert [row.version for row in active_policies()] == [1]
    policies.deactivate("small", by=cast.platform, reason="It was wrong.")
    assert active_policies() == []
    assert events()[-2:] == ["policy.activated", "policy.deactivated"]
    with pytest.raises(NotFound):
        policies.activate("small", 7, by=cast.platform)
    with pytest.raises(Invalid, match="Say why"):
        policies.deactivate("small", by=cast.platform, reason=" ")


def test_what_comes_out_of_a_row_is_what_was_written(cast: Cast) -> None:
    for text in starter():
        policies.write_version(text, by=cast.platform, activate=True)
    by_name = {row.name: row for row in active_policies()}
    assert by_name == {text.name: text.row(1) for text in starter()}


def test_a_file_is_loaded_whole_or_not_at_all(cast: Cast) -> None:
    loaded = policies.load_file(write_policies([TEXT]), by=cast.platform)
    assert [(v.policy.name, v.version, v.active) for v in loaded] == [("small", 1, True)]
    broken = write_policies([replace(TEXT, name="other"), replace(TEXT, expression="((")])
    with pytest.raises(Refused):
        policies.load_file(broken, by=cast.platform)
    assert list(Policy.objects.values_list("name", flat=True)) == ["small"]


def test_the_starter_leaves_policies_that_are_there_alone(cast: Cast) -> None:
    mine = replace(starter()[0], message="My own words.")
    policies.write_version(mine, by=cast.platform, activate=True)
    loaded = policies.load_starter(by=cast.platform)
    assert {v.policy.name for v in loaded} == {text.name for text in starter()} - {mine.name}
    assert policies.load_starter(by=cast.platform) == []
    assert {row.message for row in active_policies() if row.name == mine.name} == {mine.message}


def test_a_hostile_expression_is_never_stored(cast: Cast) -> None:
    for hostile in ("(" * 100, "[1].reduce(a, b, 'x', a + a) == 'x'", "!" * 1_999 + "true"):
        with pytest.raises(Refused, match="Policy small cannot be written so"):
            policies.write_version(replace(TEXT, expression=hostile), by=cast.platform)
    assert not PolicyVersion.objects.exists()


def test_policies_are_changed_by_the_platform_team_only(cast: Cast) -> None:
    policies.write_version(TEXT, by=cast.platform, activate=True)
    for actor in (cast.owner, cast.requester, cast.steward, cast.auditor, cast.outsider):
        with pytest.raises(NotAllowed, match="this takes the platform team"):
            policies.write_version(replace(TEXT, severity="info"), by=actor)
        with pytest.raises(NotAllowed):
            policies.activate("small", 1, by=actor)
        with pytest.raises(NotAllowed):
            policies.deactivate("small", by=actor, reason="because")
    assert [row.severity for row in active_policies()] == ["warn"]
