"""What a cluster refuses stands beside the value that it names."""

from __future__ import annotations

import pytest

from topics.errors import ClusterError, Fault
from topics.kinds.topic.refusal import problem_of

KEYS = ("retention.ms", "local.retention.ms", "remote.storage.enable")


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("Invalid value 1 for configuration local.retention.ms: too much", "local.retention.ms"),
        ("Invalid value -2 for configuration retention.ms: at least -1.", "retention.ms"),
        ("It is not possible to change remote.storage.enable.", "remote.storage.enable"),
    ],
)
def test_a_config_that_is_named_is_found(said: str, path: str) -> None:
    error = ClusterError(f"Topic t: {said}", fault=Fault.USER, wire_code=40)
    problem = problem_of(error, KEYS, position=3)
    assert (problem.path, problem.position) == (f"configs.{path}", 3)
    assert problem.message == error.message
    assert problem.way_out


def test_what_names_no_config_stands_beside_the_topic() -> None:
    said = "Topic t: Tiered Storage functionality is disabled in the broker."
    error = ClusterError(said, fault=Fault.USER, wire_code=40)
    assert problem_of(error, KEYS, position=0).path == ""
    number = ClusterError("Topic t: too few brokers", fault=Fault.USER, wire_code=38)
    assert problem_of(number, KEYS, position=0).path == "replication_factor"


def test_a_right_that_weir_lacks_is_the_platform_teams_to_give() -> None:
    error = ClusterError("Topic t: denied", fault=Fault.DENIED, wire_code=29)
    assert "platform team" in problem_of(error, KEYS, position=0).way_out
