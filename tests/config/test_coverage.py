"""docs/coverage.md and docs/registry.md name code and tests that are there."""

import re

import yaml

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


def test_every_row_of_the_wire_api_is_traced() -> None:
    text = (ROOT / "docs" / "registry.md").read_text(encoding="utf-8")
    rows, source = set[str](), ""
    for row, shown_by in re.findall(
        r"^\| ([A-Z, ]+ /.*?|/.*?) \|.*\| (`.*`) \|$", text, re.MULTILINE
    ):
        for path, test in NAMED.findall(shown_by):
            if path:
                source = (ROOT / "tests/registry/rest" / path).read_text(encoding="utf-8")
            assert f"def {test}(" in source, f"{row}: {test}"
        methods, _, path = row.rpartition(" ")
        rows |= {f"{method} {path}" for method in methods.split(", ")}
    document = yaml.safe_load((ROOT / "registry" / "openapi.yaml").read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        for method in set(operations) & {"get", "post", "put", "delete"}:
            written = path.replace("{number}", "{id}")
            assert f"{method.upper()} {written}" in rows
