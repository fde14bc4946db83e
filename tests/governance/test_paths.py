"""One value of a spec by its path."""

from __future__ import annotations

import pytest

from governance.paths import has, with_value

SPEC = {"partitions": 6, "configs": {"retention.ms": "1"}, "references": [], "": 1}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("partitions", SPEC | {"partitions": "x"}),
        ("configs.retention.ms", SPEC | {"configs": {"retention.ms": "x"}}),
        ("configs.new.key", SPEC | {"configs": {"retention.ms": "1", "new.key": "x"}}),
        ("configs", None),
        ("configs.", None),
        ("references", None),
        ("partitions.x", None),
        ("name", None),
        (".", None),
    ],
)
def test_one_value_changes_or_there_is_none(path: str, expected: dict[str, object] | None) -> None:
    assert has(SPEC, path) == (expected is not None)
    if expected is not None:
        assert with_value(SPEC, path, "x") == expected
    else:
        with pytest.raises(KeyError):
            with_value(SPEC, path, "x")
    assert SPEC["partitions"] == 6
