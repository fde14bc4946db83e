"""docs/coverage.md names code and tests that are there."""

import re

from config.stack.paths import ROOT

TEXT = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
SHORT = {"G ": "governance/", "R ": "real/", "B ": "browser/"}
NAMED = re.compile(r"`((?:[GRB] )?[\w/]*test_\w+\.py)?(?:::(test_\w+))?`")


def test_every_test_that_is_named_is_there() -> None:
    named, source = 0, ""
    # A name without a file is of the file that was named last.
    for path, test in NAMED.findall(TEXT):
        if path:
            file = SHORT[path[:2]] + path[2:] if path[:2] in SHORT else path
            source = (ROOT / "tests" / file).read_text(encoding="utf-8")
        if test:
            named += 1
            assert f"def {test}(" in source, f"{path}::{test}"
    assert named > 100
