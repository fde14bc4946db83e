"""What is declared of a topic and was not applied; pure.

Declared is what people agreed on, applied what a worker brought to the cluster. While a worker is
on it, and after an apply that failed for good, the first is ahead of the second: key by key, so
that all other keys are kept as they were.
"""

from __future__ import annotations

from typing import Final

from topics.kinds.topic.spec import TopicSpec

THE_TOPIC: Final = ""  # the path of the topic itself


def ahead(declared: TopicSpec, applied: TopicSpec | None) -> frozenset[str]:
    """Paths whose declared value is not the one that was applied last (``configs.retention.ms``);
    the topic's own path where nothing was ever applied."""
    if applied is None:
        return frozenset({THE_TOPIC})
    keys = declared.configs.keys() | applied.configs.keys()
    paths = {
        f"configs.{key}" for key in keys if declared.configs.get(key) != applied.configs.get(key)
    }
    if declared.partitions != applied.partitions:
        paths.add("partitions")
    if declared.replication_factor != applied.replication_factor:
        paths.add("replication_factor")
    return frozenset(paths)


def agreed(declared: TopicSpec, applied: TopicSpec) -> TopicSpec:
    """The part in which the two agree. Planned from this as both declared and last applied, a key
    that is ahead counts as somebody else's and is left alone."""
    same = {k: v for k, v in declared.configs.items() if applied.configs.get(k) == v}
    return TopicSpec(applied.partitions, applied.replication_factor, same)
