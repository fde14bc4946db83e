"""How a person asks for a change of owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from governance import kinds
from governance.forms import ItemForm, NameInput, Place, register_form
from governance.kinds import HandsOver
from governance.ownership.kind import CLAIM, KIND
from governance.ownership.spec import from_json, name_of
from governance.services.items import NewItem


@register_form
class OwnershipForm(ItemForm):
    """What changes hands, and who takes it."""

    kind: ClassVar[str] = KIND
    template: ClassVar[str] = "kinds/ownership/_form.html"
    title: ClassVar[str] = "Owner"
    asked_by: ClassVar[tuple[str, ...]] = ("place", "about", "target", "to")

    about = Place(label="Kind")
    place = Place(label="Where")
    target = forms.CharField(
        label="Name",
        required=False,
        widget=NameInput(),
        help_text="In full; when it is handed over also payments.* for all that begin so.",
    )
    giver = forms.CharField(
        label="From",
        required=False,
        max_length=63,
        help_text="The team that has them. For one thing it is known.",
    )
    to = forms.CharField(
        label="To", required=False, max_length=63, help_text="The team that takes it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        about, place = self.fields["about"], self.fields["place"]
        assert isinstance(about, Place)  # noqa: S101 -- for the type checker
        assert isinstance(place, Place)  # noqa: S101 -- for the type checker
        about.choices = [(k.name, k.title) for k in kinds.every() if isinstance(k, HandsOver)]
        place.choices = [
            (where, f"{title}, {environment}")
            for where, title, environment in kinds.get(KIND).places()
        ]
        if self.claims:
            del self.fields["giver"]
            self.fields["to"].label = "For"
            self.fields["to"].help_text = "The team that asks, which answers for it then."

    @property
    def claims(self) -> bool:
        """Whether it is about what nobody owns."""
        return self.operation == CLAIM

    @property
    def heading(self) -> str:
        """What the page is called."""
        return "Claim what nobody owns" if self.claims else "Hand over"

    @classmethod
    def initial_of(cls, place: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
        """What the controls show for a change of owner that was written."""
        read = from_json(spec)
        shown = {"about": read.kind, "target": read.thing, "giver": read.giver, "to": read.taker}
        return {"place": place, **shown}

    def new_item(self, main: NewItem | None) -> NewItem:
        """What was typed."""
        typed = self.cleaned_data
        kind, thing = typed.get("about", ""), typed.get("target", "").strip()
        return NewItem(
            kind=self.kind,
            operation=self.operation,
            name=name_of(kind, thing),
            place=typed.get("place", ""),
            after={
                "kind": kind,
                "object": thing,
                "from": typed.get("giver", ""),
                "to": typed.get("to", ""),
            },
        )

    def field_of(self, path: str) -> str:
        """The control that a path stands for."""
        field = {"name": "target", "object": "target", "kind": "about", "from": "giver"}.get(
            path, path
        )
        return field if field in self.fields else ""
