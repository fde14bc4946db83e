"""Whose a group of consumers is, as far as anybody said: by grants, else by an application's names.

A group that reads without a grant of Weir's, under a name that is nobody's, has no known owner.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from governance.models import Application, ApplicationPrefix
from topics.kinds.grant.bindings import Operation, Resource
from topics.kinds.grant.model import DeclaredGrant, GrantState
from topics.kinds.grant.pattern import Pattern
from topics.models.cluster import Cluster
from topics.services import acls, grants

LONGEST_NAME: Final = 249  # of a prefix; names of groups may be longer
Reading = tuple[str, str]  # a topic and a group that reads it


def teams_of_groups(
    cluster: Cluster, readings: Collection[Reading]
) -> dict[Reading, tuple[str, ...]]:
    """The teams of each group, by (topic, group); one without an owner is left out.

    A grant that lets an application read the topic as that group says it best. Where there is none,
    the group belongs to the application of its name, or whose names begin as its does.
    """
    if not readings:
        return {}
    found: dict[Reading, set[str]] = {}
    by_topic: dict[str, list[str]] = {}
    for topic, group in readings:
        by_topic.setdefault(topic, []).append(group)
    for covers, groups_of, team in _granted(cluster, list(by_topic)):
        for topic, groups in by_topic.items():
            if any(one.covers(topic) for one in covers):
                for group in groups:
                    if any(one.covers(group) for one in groups_of):
                        found.setdefault((topic, group), set()).add(team)
    left = {group for topic, group in readings if (topic, group) not in found}
    named = _by_name(left)
    for reading in readings:
        if reading not in found and reading[1] in named:
            found[reading] = {named[reading[1]]}
    return {reading: tuple(sorted(teams)) for reading, teams in found.items()}


def _granted(
    cluster: Cluster, topics: Sequence[str]
) -> list[tuple[list[Pattern], list[Pattern], str]]:
    """Of each grant in force that may reach one of these topics: the topics that it lets read, the
    groups as which, and the team of the application."""
    beginnings = {beginning for topic in topics for beginning in acls.beginnings(topic)}
    rows = DeclaredGrant.objects.filter(
        cluster=cluster,
        state=GrantState.ACTIVE,
        last_applied__isnull=False,
        topic__in=beginnings,
    ).select_related("application__team", "cluster")
    found = []
    for row in rows.iterator(chunk_size=1_000):
        lines = grants.bindings_of(row, row.spec)
        reads = [
            line.pattern
            for line in lines
            if line.resource is Resource.TOPIC and line.operation is Operation.READ
        ]
        groups = [line.pattern for line in lines if line.resource is Resource.GROUP]
        if reads and groups:
            found.append((reads, groups, row.application.team.slug))
    return found


def _by_name(groups: Collection[str]) -> dict[str, str]:
    """The team of the application that a group is named after, by group."""
    if not groups:
        return {}
    named = Application.objects.filter(name__in=list(groups)).select_related("team")
    found = {application.name: application.team.slug for application in named}
    left = set(groups) - found.keys()
    beginnings = {
        group[:length] for group in left for length in range(1, min(len(group), LONGEST_NAME) + 1)
    }
    prefixes = {
        row.prefix: row.application.team.slug
        for row in ApplicationPrefix.objects.filter(prefix__in=beginnings).select_related(
            "application__team"
        )
    }
    for group in left:
        # Prefixes of two applications never overlap, so that one at most fits.
        for prefix, owner in prefixes.items():
            if group.startswith(prefix):
                found[group] = owner
    return found
