"""What the sandbox's form refuses, field by field."""

from __future__ import annotations

import pytest

from registry.formats.base import Reference
from registry.views.sandbox import SandboxForm

GOOD = {"subject": "s", "format": "AVRO", "schema": '"int"', "earlier": "", "references": ""}


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "", "earlier": "  "}, "subject"),
        ({"subject": "a\x00"}, "subject"),
        ({"schema": ""}, "schema"),
        ({"schema": "x" * (1024 * 1024 + 1)}, "schema"),
        ({"format": "XML"}, "format"),
        ({"references": "a b"}, "references"),
        ({"references": "a b one"}, "references"),
        ({"references": "a b 12345678901"}, "references"),
        ({"references": "a b --1"}, "references"),
        ({"references": "a b ²"}, "references"),
        ({"references": "'a b 1"}, "references"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_alone(typed: dict[str, str], field: str) -> None:
    form = SandboxForm({**GOOD, **typed})
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_references_are_read_line_by_line() -> None:
    form = SandboxForm(
        {**GOOD, "references": "\n com.acme.Money  money-value 2 \nother o -1\n'a b' 'c d' 3"}
    )
    assert form.is_valid()
    assert form.cleaned_data["references"] == (
        Reference("com.acme.Money", "money-value", 2),
        Reference("other", "o", -1),
        Reference("a b", "c d", 3),
    )
