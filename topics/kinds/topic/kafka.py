"""Topics on a broker: reading them, and sending the actions of a plan in batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from topics.errors import ClusterError, Fault
from topics.kafka.client import KafkaAdmin
from topics.kafka.values import ConfigChange, ConfigValue, NewTopic, Results, TopicFacts
from topics.kinds.topic.plan import AddPartitions, AlterConfigs, CreateTopic, Observed
from topics.reconcile.actions import Action


@dataclass(frozen=True, slots=True)
class Seen:
    """A topic as it was read; `configs` holds the keys that were asked for."""

    facts: TopicFacts
    configs: Mapping[str, ConfigValue]

    def for_planning(self) -> Observed:
        """As the planner wants it: overrides apart from what is inherited."""
        own = {k: v.value for k, v in self.configs.items() if v.source == "topic"}
        inherited = {k: v.value for k, v in self.configs.items() if v.source != "topic"}
        return Observed(self.facts.partitions, self.facts.replication_factor, own, inherited)


def read(
    client: KafkaAdmin, names: Sequence[str], keys: Collection[str] | None = None
) -> dict[str, Seen]:
    """The named topics that are there, freshly read; with `keys` only those configs.

    A name that is missing from the answer is not on the cluster. Raises ClusterError when that
    cannot be told: the cluster was not reached, or does not let Weir see a topic.
    """
    found: dict[str, TopicFacts] = {}
    for name, facts in client.topics(names).items():
        if isinstance(facts, TopicFacts):
            found[name] = facts
        elif facts.fault is not Fault.GONE:
            raise facts
    if not found or (keys is not None and not keys):
        return {name: Seen(facts, {}) for name, facts in found.items()}
    configs = client.configs(list(found), None if keys is None else sorted(keys))
    return {
        name: Seen(facts, values)
        for name, facts in found.items()
        if (values := _configs(configs.get(name))) is not None
    }


def _configs(
    answer: dict[str, ConfigValue] | ClusterError | None,
) -> dict[str, ConfigValue] | None:
    """The configs of one topic; None when it vanished between the two reads."""
    if isinstance(answer, ClusterError):
        if answer.fault is Fault.GONE:
            return None
        raise answer
    return answer or {}


def send(client: KafkaAdmin, batch: Sequence[Action], *, validate_only: bool = False) -> Results:
    """Sends a batch of actions of one class; one entry a name, None where it was done.

    With `validate_only` the cluster says what it would do, and does nothing. Raises ClusterError
    for the whole batch, with fault `unknown` when it may have been done.
    """
    first = batch[0]
    if isinstance(first, CreateTopic):
        return client.create_topics(list(_new_topics(batch)), validate_only=validate_only)
    if isinstance(first, AlterConfigs):
        return client.alter_configs(list(_changes(batch)), validate_only=validate_only)
    if isinstance(first, AddPartitions):
        return client.add_partitions(
            {a.name: a.count for a in batch if isinstance(a, AddPartitions)},
            validate_only=validate_only,
        )
    raise TypeError(f"{type(first).__name__} is no action on topics.")


def _new_topics(batch: Iterable[Action]) -> Iterable[NewTopic]:
    for action in batch:
        if isinstance(action, CreateTopic):
            yield NewTopic(
                action.name, action.partitions, action.replication_factor, action.configs
            )


def _changes(batch: Iterable[Action]) -> Iterable[ConfigChange]:
    for action in batch:
        if isinstance(action, AlterConfigs):
            yield ConfigChange(action.name, action.to_set, action.to_remove)
