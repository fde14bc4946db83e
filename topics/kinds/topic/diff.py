"""The three-column difference of a topic, and the facts that policies judge; pure."""

from __future__ import annotations

from collections.abc import Iterator

from governance import units
from governance.kinds import NOTHING, DiffRow, Risk
from governance.policy.facts import of_change
from topics.kinds.topic import configs
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import loses_data
from topics.kinds.topic.spec import TopicSpec

NOT_APPLIED = "Declared like this, and not applied yet."
KEY_ORDER = (
    "Records of one key written from now on can be in another partition than older ones, so their "
    "order is lost across the change."
)


def rows(requested: TopicSpec, place: Place, known: Known) -> list[DiffRow]:
    """One row for partitions, for replication, and for each config that anybody set."""
    found = [_partitions(requested, known), _replication(requested, place, known)]
    found += [_config(key, requested, place, known) for key in _keys(requested, place, known)]
    return found


def _keys(requested: TopicSpec, place: Place, known: Known) -> list[str]:
    keys = set(requested.configs)
    if known.declared is not None:
        keys |= known.declared.configs.keys()
    if known.observed is not None:
        keys |= {k for k in known.observed.overrides if not place.profile.is_foreign(k)}
    return sorted(keys)


def _partitions(requested: TopicSpec, known: Known) -> DiffRow:
    old = known.declared.partitions if known.declared else None
    have = known.observed.partitions if known.observed else old
    grows = have is not None and requested.partitions > have
    return DiffRow(
        path="partitions",
        label="Partitions",
        observed=_count(known.observed.partitions if known.observed else None),
        declared=_count(old),
        requested=units.format_count(requested.partitions),
        observed_exact=_exact(known.observed.partitions if known.observed else None),
        declared_exact=_exact(old),
        requested_exact=str(requested.partitions),
        delta=units.count_delta(have, requested.partitions) if have is not None else "",
        note=(
            f"{have} → {requested.partitions} cannot be undone. {KEY_ORDER}"
            if grows
            else "Can be raised later, never lowered."
            if have is None
            else ""
        )
        or _open("partitions", requested.partitions == old, known),
        changed=requested.partitions != old,
        irreversible=grows,
    )


def _replication(requested: TopicSpec, place: Place, known: Known) -> DiffRow:
    old = known.declared.replication_factor if known.declared else None
    have = known.observed.replication_factor if known.observed else None
    note = ""
    if place.profile.fixed_replication is not None:
        note = f"{place.profile.title} keeps every topic at {place.profile.fixed_replication}."
    elif requested.replication_factor == 1 and known.declared is None:
        note = "One replica: a broker that fails takes its partitions with it."
    return DiffRow(
        path="replication_factor",
        label="Replication",
        observed=_count(have),
        declared=_count(old),
        requested=str(requested.replication_factor),
        observed_exact=_exact(have),
        declared_exact=_exact(old),
        requested_exact=str(requested.replication_factor),
        note=note,
        changed=requested.replication_factor != old,
    )


def _config(key: str, requested: TopicSpec, place: Place, known: Known) -> DiffRow:
    kind = configs.known(key, place.profile.extra)
    default = place.default_of(key)
    wanted = requested.configs.get(key)
    old = known.declared.configs.get(key) if known.declared else None
    have, source = _observed(key, place, known)
    before = have if have is not None else old
    after = wanted if wanted is not None else default
    return DiffRow(
        path=f"configs.{key}",
        label=kind.label if kind and kind.label else key,
        observed=NOTHING if have is None else configs.human(kind, have),
        declared=NOTHING if old is None else configs.human(kind, old),
        requested=_requested(kind, wanted, default),
        observed_exact="" if have is None else configs.exact(kind, have),
        declared_exact="" if old is None else configs.exact(kind, old),
        requested_exact=configs.exact(kind, after) if after is not None else "",
        source=source,
        delta=(
            configs.difference(kind, before, after)
            if before is not None and after is not None
            else ""
        ),
        note=_note(key, wanted, before, after, known, place)
        or _open(f"configs.{key}", wanted == old, known),
        changed=wanted != old,
        irreversible=(
            known.observed is not None and after is not None and loses_data(key, before, after)
        ),
    )


def _requested(kind: configs.ConfigKey | None, wanted: str | None, default: str | None) -> str:
    if wanted is not None:
        return configs.human(kind, wanted)
    return NOTHING if default is None else f"{configs.human(kind, default)} (default)"


def _observed(key: str, place: Place, known: Known) -> tuple[str | None, str]:
    """The value the topic has now and where it comes from; nothing for a topic not there."""
    if known.observed is None:
        return None, ""
    if key in known.observed.overrides:
        return known.observed.overrides[key], "topic"
    inherited = known.observed.inherited.get(key)
    if inherited is not None:
        return inherited, place.source_of_default(key) or "dynamic"
    return place.default_of(key), place.source_of_default(key)


def _note(
    key: str,
    wanted: str | None,
    before: str | None,
    after: str | None,
    known: Known,
    place: Place,
) -> str:
    declared = known.declared.configs.get(key) if known.declared else None
    override = known.observed.overrides.get(key) if known.observed else None
    ours = f"configs.{key}" in known.ahead
    if wanted is None and declared is None and override is not None and not ours:
        return "Set outside Weir; left alone."
    if key in place.profile.forced:
        return f"{place.profile.title} sets it to {place.profile.forced[key]} whatever is asked."
    if known.observed is not None and after is not None and loses_data(key, before, after):
        return "The cluster deletes records that are older or more than this, soon after."
    if wanted is None and declared is not None:
        return "The override is removed; the cluster's default holds from then on."
    return ""


def _open(path: str, kept: bool, known: Known) -> str:
    """What is to be known of a value that the request keeps as it is declared."""
    return NOT_APPLIED if kept and path in known.ahead else ""


def _count(number: int | None) -> str:
    return NOTHING if number is None else units.format_count(number)


def _exact(number: int | None) -> str:
    return "" if number is None else str(number)


def facts(name: str, spec: TopicSpec, place: Place, known: Known) -> dict[str, object]:
    """Facts of one asked-for topic, by dotted name. Absent ones are unknown: the cluster was never
    observed, so its defaults are not known."""
    found: dict[str, object] = {
        "topic.name": name,
        "topic.cluster": place.slug,
        "topic.profile": place.profile.name,
        "topic.partitions": spec.partitions,
        "topic.replication_factor": place.profile.normal_replication(spec.replication_factor),
        "topic.configs": dict(spec.configs),
        "topic.exists": known.observed is not None,
    }
    if place.brokers:
        found["topic.brokers"] = place.brokers
    if known.declared is not None:
        found["topic.partitions_before"] = known.declared.partitions
    found.update(_effective(spec, place))
    return found


def change_facts(requested: TopicSpec, place: Place, known: Known) -> dict[str, object]:
    """What the change may cost. Where the cluster was not seen, what is declared stands for it."""
    before = known.observed or known.declared
    grows = before is not None and requested.partitions > before.partitions
    # What was set outside Weir alone is left alone.
    keys = requested.configs.keys() | (known.declared.configs.keys() if known.declared else set())
    loses = any(_loses(key, requested, place, known) for key in keys)
    risk = Risk.DESTRUCTIVE if loses else Risk.DISRUPTIVE if grows else Risk.SAFE
    return of_change(risk, irreversible=grows or loses)


def _loses(key: str, requested: TopicSpec, place: Place, known: Known) -> bool:
    """Whether the cluster throws records away that it keeps now."""
    have, _ = _observed(key, place, known)
    if have is None and known.declared is not None:
        have = known.declared.configs.get(key, place.default_of(key))
    after = place.profile.forced.get(key, requested.configs.get(key, place.default_of(key)))
    there = known.observed is not None or known.declared is not None
    return there and after is not None and loses_data(key, have, after)


def _effective(spec: TopicSpec, place: Place) -> Iterator[tuple[str, object]]:
    """What the topic will really have: the override, else the cluster's default."""

    def value(key: str) -> str | None:
        return spec.configs.get(key, place.default_of(key))

    for fact, key in (
        ("topic.retention_ms", "retention.ms"),
        ("topic.retention_bytes", "retention.bytes"),
        ("topic.max_message_bytes", "max.message.bytes"),
        ("topic.min_insync_replicas", "min.insync.replicas"),
    ):
        text = place.profile.forced.get(key, value(key))
        if text is not None and configs.WHOLE_NUMBER.fullmatch(text):
            yield fact, int(text)
    if (policy := value("cleanup.policy")) is not None:
        yield "topic.cleanup_policy", policy
        yield "topic.compacted", "compact" in policy.split(",")
