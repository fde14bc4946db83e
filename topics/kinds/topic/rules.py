"""What no approval can lift: hard rules for topics, each a sentence with a way out; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from governance.errors import Problem
from topics.kinds.topic import configs
from topics.kinds.topic.kept_rules import reason_fits
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.reason import FIELD
from topics.kinds.topic.spec import TopicSpec, name_problem

Rule = Callable[[str, TopicSpec, Place, Known], Iterator[Problem]]


def check_create(name: str, spec: TopicSpec, place: Place, known: Known) -> list[Problem]:
    """Why this topic cannot be created there; empty when it can."""
    return _all((_legal_name, _free_name, _replication_fits, *_OF_SPEC), name, spec, place, known)


def check_alter(name: str, spec: TopicSpec, place: Place, known: Known) -> list[Problem]:
    """Why this topic cannot be changed so; empty when it can."""
    if known.declared is None:
        if known.observed is None:
            return [_problem("name", "unknown_name", f"There is no topic {name} on {place.slug}.",
                             "Check the name, or ask to create it.")]  # fmt: skip
        return [_problem("name", "unmanaged",
                         f"{name} exists on {place.slug}, but nobody declared it in Weir.",
                         "A team can claim it, and ask for changes from then on.")]  # fmt: skip
    rules = (_not_vanished, _no_decrease, _same_replication, _changes_something, *_OF_SPEC)
    return _all(rules, name, spec, place, known)


def _all(
    rules: tuple[Rule, ...], name: str, spec: TopicSpec, place: Place, known: Known
) -> list[Problem]:
    return [problem for rule in rules for problem in rule(name, spec, place, known)]


def _problem(path: str, rule: str, message: str, way_out: str) -> Problem:
    return Problem(path, message, way_out, rule=rule)


def _legal_name(name: str, _spec: TopicSpec, _place: Place, _known: Known) -> Iterator[Problem]:
    if (found := name_problem(name)) is not None:
        yield found


def _free_name(name: str, _spec: TopicSpec, place: Place, known: Known) -> Iterator[Problem]:
    if known.declared is not None:
        owner = f" and belongs to {known.owner}" if known.owner else ""
        yield _problem(
            "name",
            "taken",
            f"{name} exists on {place.slug} already{owner}.",
            "Choose another name, or ask to change that topic.",
        )
    elif known.observed is not None:
        yield _problem(
            "name",
            "taken",
            f"{name} exists on {place.slug} already, although nobody declared it in Weir.",
            "Choose another name, or claim the topic for a team.",
        )
    elif known.collides:
        yield _problem(
            "name",
            "collides",
            f"{place.slug} has {known.collides}, and Kafka's metrics cannot tell it from {name}: "
            "they differ only in '.' and '_'.",
            "Choose a name that differs in a letter.",
        )


def _replication_fits(name: str, spec: TopicSpec, place: Place, known: Known) -> Iterator[Problem]:
    if place.profile.fixed_replication is not None or not place.brokers:
        return
    if spec.replication_factor > place.brokers:
        yield _problem(
            "replication_factor",
            "replication_beyond_brokers",
            f"{spec.replication_factor} replicas do not fit on {place.slug}: each broker holds one "
            f"at most, and it has {place.brokers}.",
            f"Use {place.brokers} or fewer.",
        )


def _same_replication(name: str, spec: TopicSpec, place: Place, known: Known) -> Iterator[Problem]:
    if place.profile.fixed_replication is not None or known.declared is None:
        return
    have = known.observed.replication_factor if known.observed else None
    if spec.replication_factor in (known.declared.replication_factor, have):
        return
    too_many = list(_replication_fits(name, spec, place, known))
    yield from too_many
    if not too_many:
        yield _problem(
            "replication_factor",
            "replication_change",
            f"The replication of {name} is {known.declared.replication_factor}. Changing it moves "
            "whole replicas between brokers, which is done with Kafka's reassignment tools.",
            f"Keep {known.declared.replication_factor} here.",
        )


def _not_vanished(name: str, _spec: TopicSpec, place: Place, known: Known) -> Iterator[Problem]:
    if known.observed is None and place.supported:
        yield _problem(
            "name",
            "vanished",
            f"{name} is declared, but it is gone from {place.slug}.",
            "Decide its drift first: reverting it creates the topic again, empty.",
        )


def _no_decrease(name: str, spec: TopicSpec, _place: Place, known: Known) -> Iterator[Problem]:
    have = known.observed.partitions if known.observed else 0
    if known.declared is not None and not have:
        have = known.declared.partitions
    if spec.partitions < have:
        yield _problem(
            "partitions",
            "partition_decrease",
            f"{name} has {have} partitions: Kafka can add partitions, and never take one away.",
            f"Use {have} or more. For fewer, create a new topic and move its clients.",
        )


def _changes_something(
    name: str, spec: TopicSpec, _place: Place, known: Known
) -> Iterator[Problem]:
    if known.declared is None:
        return
    asked = replace(spec, about=spec.about.over(known.declared.about))
    if asked.as_json() == known.declared.as_json():
        yield _problem(
            "",
            "no_change",
            f"Nothing changes: {name} is declared like this already.",
            "It was not all applied: retry the request that declared it, or ask for other values."
            if known.ahead
            else "Change a value, or drop this item.",
        )


def _partitions_in_limit(
    _name: str, spec: TopicSpec, place: Place, _known: Known
) -> Iterator[Problem]:
    most = place.profile.max_partitions
    if most is not None and spec.partitions > most:
        yield _problem(
            "partitions",
            "platform_limit",
            f"{place.profile.title} allows {most} partitions a topic, not {spec.partitions}.",
            f"Use {most} or fewer.",
        )


def _known_keys(_name: str, spec: TopicSpec, place: Place, _known: Known) -> Iterator[Problem]:
    supported = set(place.supported) or (configs.KEYS.keys() | place.profile.extra.keys())
    for key in sorted(spec.configs):
        path = f"configs.{key}"
        if key in place.profile.forbidden:
            yield _problem(
                path,
                "forbidden_key",
                f"{key} cannot be set on {place.slug}.",
                place.profile.forbidden[key],
            )
        elif place.profile.is_foreign(key):
            yield _problem(
                path,
                "foreign_key",
                f"{key} belongs to the tools that move replicas, and cannot be declared.",
                "Leave it away.",
            )
        elif key not in supported:
            close = configs.near(key, supported)
            yield _problem(
                path,
                "unknown_key",
                f"{place.slug} knows no topic config {key!r}.",
                f"Did you mean {close}?" if close else "Check its name, or leave it away.",
            )


def _values_in_limits(
    _name: str, spec: TopicSpec, place: Place, _known: Known
) -> Iterator[Problem]:
    for key, limit in place.profile.limits.items():
        value = _number(spec.configs.get(key))
        if value is None:
            continue
        known = configs.known(key, place.profile.extra)
        too_small = limit.minimum is not None and 0 <= value < limit.minimum
        too_large = limit.maximum is not None and (value > limit.maximum or value < 0)
        if too_small or too_large:
            bound = limit.minimum if too_small else limit.maximum
            assert bound is not None  # noqa: S101  # one of the two was compared
            yield _problem(
                f"configs.{key}",
                "platform_limit",
                f"{key} cannot be {configs.human(known, value)} on {place.slug}. {limit.reason}",
                f"Use {configs.human(known, bound)} or {'more' if too_small else 'less'}.",
            )


def _keys_fit_together(
    name: str, spec: TopicSpec, place: Place, _known: Known
) -> Iterator[Problem]:
    def value(key: str) -> int | None:
        return _number(spec.configs.get(key, place.default_of(key)))

    insync = value("min.insync.replicas")
    replicas = place.profile.normal_replication(spec.replication_factor)
    asked = "min.insync.replicas" in spec.configs
    forced = "min.insync.replicas" in place.profile.forced
    if asked and not forced and insync is not None and insync > replicas:
        yield _problem(
            "configs.min.insync.replicas",
            "insync_beyond_replicas",
            f"{name} would have {replicas} replica{'' if replicas == 1 else 's'}, and a write "
            f"would wait for {insync}: nobody could write with acks=all.",
            f"Use {replicas} or less.",
        )
    for local, whole in (
        ("local.retention.ms", "retention.ms"),
        ("local.retention.bytes", "retention.bytes"),
    ):
        near, far = value(local), value(whole)
        if local in spec.configs and near is not None and far is not None and 0 <= far < near:
            yield _problem(
                f"configs.{local}",
                "local_beyond_total",
                f"{local} is more than {whole}, and what is kept locally is a part of all.",
                f"Use {configs.human(configs.known(local), far)} or less.",
            )
    low, high = value("min.compaction.lag.ms"), value("max.compaction.lag.ms")
    if low is not None and high is not None and low > high:
        yield _problem(
            "configs.min.compaction.lag.ms",
            "compaction_lags",
            "min.compaction.lag.ms is more than max.compaction.lag.ms.",
            "Make it the smaller of the two.",
        )


def _fits_after_its_end(
    name: str, spec: TopicSpec, place: Place, known: Known
) -> Iterator[Problem]:
    """What it falls back to must be as possible as what is asked for: nobody is there to be told
    when a cluster refuses it."""
    if spec.reason is None:
        return
    then = replace(spec, configs=spec.reason.after_end(spec.configs), reason=None)
    for rule in (_values_in_limits, _keys_fit_together):
        already = {(found.path, found.rule) for found in rule(name, spec, place, known)}
        for found in rule(name, then, place, known):
            if (found.path, found.rule) not in already:
                yield _problem(
                    f"{FIELD}.falls_back_to",
                    found.rule,
                    f"After the end of the longer time: {found.message}",
                    "Write another time to fall back to, or change "
                    f"{found.path.removeprefix('configs.')}.",
                )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and configs.WHOLE_NUMBER.fullmatch(text) else None


_OF_SPEC: tuple[Rule, ...] = (
    _partitions_in_limit,
    _known_keys,
    _values_in_limits,
    _keys_fit_together,
    _fits_after_its_end,
    reason_fits,
)
