"""How a person writes a schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from governance import kinds
from governance.forms import ItemForm, NameInput, Place, register_form
from governance.services.items import NewItem
from registry.formats import base
from registry.indent import indented

_LEVELS = [
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
    "NONE",
]


@register_form
class SubjectForm(ItemForm):
    """A new version of a subject; the first one makes the subject."""

    kind: ClassVar[str] = "subject"
    template: ClassVar[str] = "kinds/subject/_form.html"
    title: ClassVar[str] = "Schema"

    place = Place(label="Registry context", required=False)
    name = forms.CharField(
        label="Subject",
        required=False,
        widget=NameInput(),
    )
    schema_type = forms.ChoiceField(
        label="Format", choices=lambda: [(f.name, f.title) for f in base.every()], initial="AVRO"
    )
    compatibility = forms.ChoiceField(
        label="Compatibility",
        required=False,
        choices=[("", "as it is set now"), *((level, level) for level in _LEVELS)],
    )
    schema = forms.CharField(
        label="Schema",
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 14, "class": "mono code", "spellcheck": "false"}),
    )
    references = forms.CharField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = self.fields["place"]
        assert isinstance(place, forms.ChoiceField)  # noqa: S101 -- for the type checker
        place.choices = [(p, title) for p, title, _ in kinds.get("subject").places()]
        if self.position > 0:
            # Beside a topic both are known: the topic's environment, and its name with "-value".
            place.choices = [("", "as the topic's environment says"), *place.choices]
            self.fields["name"].help_text = "Empty: the topic's name with -value."

    @classmethod
    def initial_of(cls, place: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
        return {
            "place": place,
            "name": name,
            "schema_type": spec.get("schemaType", "AVRO"),
            "schema": indented(str(spec.get("schema", ""))),
            "compatibility": spec.get("compatibility") or "",
            "references": json.dumps(spec.get("references") or []),
        }

    def new_item(self, main: NewItem | None) -> NewItem:
        typed = self.cleaned_data
        name, place = typed.get("name", ""), typed.get("place", "")
        if main is not None and main.name:
            name = name or f"{main.name}-value"
        after: dict[str, object] = {
            "schemaType": typed.get("schema_type", "AVRO"),
            "schema": typed.get("schema", ""),
            "references": _references(typed.get("references", "")),
        }
        if typed.get("compatibility"):
            after["compatibility"] = typed["compatibility"]
        return NewItem(
            kind=self.kind,
            operation=self.operation,
            name=name,
            place=place or (_context_beside(main) if main else ""),
            after=after,
        )

    def field_of(self, path: str) -> str:
        if path == "schemaType":
            return "schema_type"
        if path.startswith("schema"):
            return "schema"
        return super().field_of(path)


def _context_beside(main: NewItem) -> str:
    """The registry context of the environment that the main item lies in."""
    places = kinds.get(main.kind).places()
    environment = next((slug for place, _, slug in places if place == main.place), None)
    contexts = kinds.get("subject").places()
    return next((place for place, _, slug in contexts if slug == environment), "")


def _references(text: str) -> list[object]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    return found if isinstance(found, list) else []
