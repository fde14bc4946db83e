"""What policies may ask about a grant."""

from __future__ import annotations

from typing import Final

from governance.kinds import ItemView, Json, Risk
from governance.policy.facts import Fact, FactType, of_change
from topics.kinds.grant.bindings import derive
from topics.kinds.grant.roles import reads, writes
from topics.kinds.grant.situation import Situation
from topics.kinds.grant.spec import GrantName, GrantSpec

FACTS: Final = (
    Fact("grant.application", FactType.TEXT, "application that gets access"),
    Fact("grant.principal", FactType.TEXT, "what it acts as on the cluster"),
    Fact("grant.team", FactType.TEXT, "team that the application belongs to"),
    Fact("grant.role", FactType.TEXT, "consumer, producer, transactional, streams or connect"),
    Fact("grant.topic", FactType.TEXT, "topic, or the beginning of names with a star"),
    Fact("grant.prefixed", FactType.FLAG, "whether it is a beginning of names"),
    Fact("grant.wildcard", FactType.FLAG, "whether it is every topic of the cluster"),
    Fact("grant.reads", FactType.FLAG, "whether records are read"),
    Fact("grant.writes", FactType.FLAG, "whether records are written"),
    Fact("grant.ends", FactType.FLAG, "whether it ends by itself"),
    Fact("grant.lasts_ms", FactType.DURATION_MS, "how long it holds", optional=True),
    Fact("grant.purpose", FactType.TEXT, "what it is for"),
    Fact("grant.own_names", FactType.FLAG, "whether group and ids are among its own names"),
    Fact("grant.owners", FactType.LIST, "teams whose topics it reaches"),
    Fact("grant.crosses_teams", FactType.FLAG, "whether it reaches another team's topics"),
    Fact("grant.data_class", FactType.TEXT, "the most sensitive class of data it reaches"),
)


def facts(item: ItemView, name: GrantName, spec: GrantSpec, known: Situation) -> Json:
    """Facts of one item. Who owns what it reaches is a fact too: they are asked."""
    application = known.application
    own = [p for p in (spec.group, spec.transactional_id) if p is not None]
    found: dict[str, object] = {
        "grant.application": name.application,
        "grant.role": name.role.value,
        "grant.topic": str(name.topic),
        "grant.prefixed": name.topic.prefixed,
        "grant.wildcard": name.topic.every,
        "grant.reads": reads(name.role, spec.access),
        "grant.writes": writes(name.role, spec.access),
        "grant.ends": spec.lasts is not None or spec.ends_at is not None,
        "grant.lasts_ms": _lasts_ms(spec, known),
        "grant.purpose": spec.purpose,
        "grant.owners": list(known.owners),
        **asked(item, known),
        **of_change(_risk(item, name, spec, known), irreversible=False),
    }
    if application is not None:
        found |= {
            "grant.principal": application.principal,
            "grant.team": application.team,
            "grant.own_names": all(application.owns(pattern) for pattern in own),
            "grant.crosses_teams": known.unowned or set(known.owners) != {application.team},
        }
    if known.data_class:
        found["grant.data_class"] = known.data_class
    return found


def _risk(item: ItemView, name: GrantName, spec: GrantSpec, known: Situation) -> Risk:
    """Whoever loses a line is refused by the broker from then on; it can be given again."""
    if item.operation == "revoke":
        return Risk.DISRUPTIVE
    if known.application is None or known.declared is None:
        return Risk.SAFE
    principal = known.application.principal
    lost = set(derive(name, known.declared, principal)) - set(derive(name, spec, principal))
    return Risk.DISRUPTIVE if lost else Risk.SAFE


def asked(item: ItemView, known: Situation) -> dict[str, object]:
    """Whose agreement it takes: of all whose topics it reaches. Who gives up what she has asks her
    own team's owner; who takes access to her topic away answers for that herself."""
    if item.operation == "revoke":
        return {"owner.team": item.team, "owner.teams": [item.team]}
    owners = [*known.owners, *([""] if known.unowned or not known.owners else [])]
    return {"owner.team": owners[0], "owner.teams": owners}


def _lasts_ms(spec: GrantSpec, known: Situation) -> int | None:
    if spec.lasts is not None:
        return round(spec.lasts.total_seconds() * 1000)
    if spec.ends_at is not None and known.now is not None:
        return max(0, round((spec.ends_at - known.now).total_seconds() * 1000))
    return None
