"""What to do to one topic so that the cluster has what was declared; pure.

Nothing is deleted here, ever: a topic that is not declared is not looked at, and one that vanished
is not made again unless a person decides so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from topics.kinds.topic import configs
from topics.kinds.topic.spec import TopicSpec
from topics.profiles.base import Profile
from topics.reconcile.actions import Action, HeldBack, Plan, Risk
from topics.reconcile.drift import KeyState, Verdict, three_way


@dataclass(frozen=True, slots=True)
class Observed:
    """A topic as the cluster has it.

    `overrides` are the configs set on the topic itself, `inherited` those that come from defaults
    (as far as they were read): the planner needs them only to judge what a change may cost.
    """

    partitions: int
    replication_factor: int
    overrides: Mapping[str, str] = field(default_factory=dict)
    inherited: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """For before-images."""
        return {
            "partitions": self.partitions,
            "replication_factor": self.replication_factor,
            "configs": dict(sorted(self.overrides.items())),
        }


@dataclass(frozen=True, slots=True)
class CreateTopic(Action):
    """Make the topic, with all its overrides."""

    phase: ClassVar[int] = 10

    partitions: int
    replication_factor: int
    configs: Mapping[str, str] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """One for the topic, one a partition, one a config."""
        return 1 + self.partitions + len(self.configs)

    def words(self) -> str:
        """For plans and pages."""
        text = (
            f"Create with {_count(self.partitions, 'partition')}, "
            f"replication {self.replication_factor}"
        )
        if self.configs:
            text += f" and {_count(len(self.configs), 'config')}"
        return text


@dataclass(frozen=True, slots=True)
class AlterConfigs(Action):
    """Set and remove overrides, each for itself; keys not named keep what they have."""

    phase: ClassVar[int] = 20

    to_set: Mapping[str, str] = field(default_factory=dict)
    to_remove: tuple[str, ...] = ()
    was: Mapping[str, str] = field(default_factory=dict)  # effective values until now

    @property
    def records(self) -> int:
        """One a key."""
        return len(self.to_set) + len(self.to_remove)

    @property
    def risk(self) -> Risk:
        """Shorter retention or another cleanup loses records, as soon as the broker cleans."""
        lost = any(loses_data(key, self.was.get(key), new) for key, new in self.to_set.items())
        return Risk.DESTRUCTIVE if lost else Risk.SAFE

    def words(self) -> str:
        """For plans and pages."""
        parts = [f"set {key} to {configs.human(configs.known(key), value)}"
                 for key, value in sorted(self.to_set.items())]  # fmt: skip
        parts += [f"let {key} go back to the broker's default" for key in sorted(self.to_remove)]
        text = ", ".join(parts)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class AddPartitions(Action):
    """Raise the number of partitions. It cannot be taken back."""

    phase: ClassVar[int] = 30

    count: int
    have: int

    @property
    def records(self) -> int:
        """One a new partition."""
        return max(1, self.count - self.have)

    @property
    def risk(self) -> Risk:
        """Records of one key go to another partition from now on: their order is lost across it."""
        return Risk.DISRUPTIVE

    def words(self) -> str:
        """For plans and pages."""
        return f"Add partitions, {self.have} → {self.count}, which cannot be undone"


def loses_data(key: str, old: str | None, new: str) -> bool:
    """Whether setting a config to `new` makes the broker throw records away that `old` keeps."""
    if key in ("retention.ms", "retention.bytes"):
        return shrinks(old, new)
    if key == "cleanup.policy":
        return bool(set(new.split(",")) - set((old or "delete").split(",")))
    return False


def shrinks(old: str | None, new: str) -> bool:
    """Whether a retention gets shorter; -1 has no end, and an unknown old value counts as no."""
    try:
        before, after = int(old or ""), int(new)
    except ValueError:
        return False
    if after < 0:
        return False
    return before < 0 or after < before


def plan_topic(
    name: str,
    declared: TopicSpec,
    last_applied: TopicSpec | None,
    observed: Observed | None,
    profile: Profile,
    *,
    paused: bool = False,
) -> Plan:
    """The plan of one topic.

    `last_applied` None says that Weir never made or changed this topic, so an absent one is made
    new; where something was applied and nothing is there now, somebody deleted it, and that is held
    back as drift. What is already as declared gives an empty plan, so planning after an apply ends.
    """
    if paused:
        return _held(
            name, "", "paused", f"{name} is paused: nothing is changed until it is resumed."
        )
    if observed is None:
        return _create(name, declared, last_applied, profile)
    actions: list[Action] = []
    held: list[HeldBack] = []
    _plan_configs(name, declared, last_applied, observed, profile, actions, held)
    _plan_partitions(name, declared, observed, actions, held)
    wanted = profile.normal_replication(declared.replication_factor)
    if profile.fixed_replication is None and wanted != observed.replication_factor:
        reason = (
            f"{name} has replication {observed.replication_factor} and {wanted} is declared. "
            "Moving replicas is done with Kafka's own reassignment tools."
        )
        held.append(HeldBack(name, "replication_factor", "replication", reason))
    return Plan(tuple(actions), tuple(held))


def _held(name: str, path: str, rule: str, reason: str) -> Plan:
    return Plan((), (HeldBack(name, path, rule, reason),))


def _create(
    name: str, declared: TopicSpec, last_applied: TopicSpec | None, profile: Profile
) -> Plan:
    if last_applied is not None:
        return _held(
            name,
            "",
            "vanished",
            f"{name} was there and is gone: it is not made again by itself, since its data would "
            "not come back. Decide it on the drift page.",
        )
    return Plan(
        (
            CreateTopic(
                name,
                declared.partitions,
                profile.normal_replication(declared.replication_factor),
                profile.normal_configs(declared.configs),
            ),
        )
    )


def config_states(
    declared: TopicSpec, last_applied: TopicSpec | None, observed: Observed, profile: Profile
) -> list[KeyState]:
    """The three-way state of each config of a topic, under the platform's rules."""
    return list(
        three_way(
            profile.normal_configs(declared.configs),
            {} if last_applied is None else profile.normal_configs(last_applied.configs),
            observed.overrides,
            foreign=profile.is_foreign,
            equal=configs.equal,
        )
    )


def _plan_configs(
    name: str,
    declared: TopicSpec,
    last_applied: TopicSpec | None,
    observed: Observed,
    profile: Profile,
    actions: list[Action],
    held: list[HeldBack],
) -> None:
    to_set: dict[str, str] = {}
    to_remove: list[str] = []
    before: dict[str, str | None] = {}
    for state in config_states(declared, last_applied, observed, profile):
        if state.verdict is Verdict.SET and state.declared is not None:
            if state.key in profile.forced:
                continue  # the platform overwrites it: setting it again would never end
            to_set[state.key] = state.declared
            before[state.key] = state.observed
        elif state.verdict is Verdict.REMOVE:
            to_remove.append(state.key)
            before[state.key] = state.observed
        elif state.verdict is Verdict.UNMANAGED:
            held.append(
                HeldBack(
                    name,
                    f"configs.{state.key}",
                    "unmanaged",
                    f"{state.key} of {name} was set outside Weir and is left alone.",
                )
            )
        elif state.verdict is Verdict.FOREIGN:
            held.append(
                HeldBack(
                    name,
                    f"configs.{state.key}",
                    "foreign",
                    f"{state.key} of {name} belongs to another tool and is left alone.",
                )
            )
    if to_set or to_remove:
        was = {
            key: value
            for key in before
            if (value := observed.overrides.get(key) or observed.inherited.get(key)) is not None
        }
        actions.append(
            AlterConfigs(name, to_set, tuple(to_remove), was, before={"configs": before})
        )


def _plan_partitions(
    name: str,
    declared: TopicSpec,
    observed: Observed,
    actions: list[Action],
    held: list[HeldBack],
) -> None:
    if declared.partitions > observed.partitions:
        actions.append(
            AddPartitions(
                name,
                declared.partitions,
                observed.partitions,
                before={"partitions": observed.partitions},
            )
        )
    elif declared.partitions < observed.partitions:
        held.append(
            HeldBack(
                name,
                "partitions",
                "decrease",
                f"{name} has {observed.partitions} partitions and {declared.partitions} are "
                "declared: Kafka cannot take partitions away.",
            )
        )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
