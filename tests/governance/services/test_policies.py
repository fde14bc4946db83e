"""Versions of policies, and which one holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.errors import Invalid, NotAllowed, NotFound, Refused
from governance.models import Policy, PolicyVersion
from governance.policy.load import PolicyText, write_policies
from governance.services import policies
from tests.factories import Cast, make_cast

pytestmark = pytest.mark.django_db

TEXT = PolicyText(
    name="small",
    kind="topic",
    owner="platform",
    severity="deny",
    expression="topic.partitions <= 3",
    message="{topic.partitions} partitions are too many.",
    way_out="Ask for fewer.",
    path="partitions",
)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def active() -> list[tuple[str, int]]:
    rows = PolicyVersion.objects.filter(active=True)
    return list(rows.values_list("policy__name", "version"))


def test_a_change_makes_a_version_and_the_same_text_makes_none(cast: Cast) -> None:
    first = policies.write_version(TEXT, by=cast.platform, activate=True)
    again = policies.write_version(TEXT, by=cast.platform, activate=True)
    assert (first.pk, first.version) == (again.pk, 1)
    changed = replace(TEXT, expression="topic.partitions <= 6")
    second = policies.write_version(changed, by=cast.platform)
    assert second.version == 2
    assert active() == [("small", 1)]
    policies.activate("small", 2, by=cast.platform)
    assert active() == [("small", 2)]
    policies.activate("small", 1, by=cast.platform)
    assert active() == [("small", 1)]


def test_only_the_platform_team_writes_them(cast: Cast) -> None:
    for somebody in (cast.owner, cast.steward, cast.auditor):
        with pytest.raises(NotAllowed):
            policies.write_version(TEXT, by=somebody)
    assert not Policy.objects.exists()


def test_a_broken_policy_is_never_stored(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        policies.write_version(replace(TEXT, expression="topic.partitons <"), by=cast.platform)
    assert [p.path for p in refused.value.problems] == ["expression"]
    assert not Policy.objects.exists()


def test_switching_one_off_needs_a_reason(cast: Cast) -> None:
    policies.write_version(TEXT, by=cast.platform, activate=True)
    with pytest.raises(Invalid):
        policies.deactivate("small", by=cast.platform, reason=" ")
    policies.deactivate("small", by=cast.platform, reason="replaced")
    assert active() == []
    with pytest.raises(NotFound):
        policies.deactivate("large", by=cast.platform, reason="x")


def test_a_file_is_loaded_whole_or_not_at_all(cast: Cast) -> None:
    good = write_policies([TEXT, replace(TEXT, name="other")])
    assert len(policies.load_file(good, by=cast.platform)) == 2
    assert len(active()) == 2
    broken = write_policies([replace(TEXT, name="third"), replace(TEXT, name="fourth", owner="")])
    with pytest.raises(Refused):
        policies.load_file(broken, by=cast.platform)
    assert not Policy.objects.filter(name="third").exists()


def test_the_starter_policies_come_once_and_leave_changes_alone(cast: Cast) -> None:
    policies.load_starter(by=cast.platform)
    before = active()
    assert {name for name, _ in before} >= {"naming", "partitions", "retention-limit"}
    policies.deactivate("naming", by=cast.platform, reason="ours differs")
    policies.load_starter(by=cast.platform)
    assert ("naming", 1) not in active()
