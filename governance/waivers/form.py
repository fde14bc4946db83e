"""How a person asks for a waiver: beside the object that is refused, or by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.validators import slug_re as SLUG

from governance import kinds
from governance.forms import ItemForm, NameInput, Place, register_form
from governance.models import PolicyVersion
from governance.policy.evaluate import NEVER, Severity
from governance.services.items import NewItem
from governance.waivers.inforce import GRANT, KIND
from governance.waivers.spec import name_of


@register_form
class WaiverForm(ItemForm):
    """A waiver. With `about`, the position of another part, it follows what that part asks for."""

    kind: ClassVar[str] = KIND
    template: ClassVar[str] = "kinds/waiver/_form.html"
    title: ClassVar[str] = "Waiver"

    about = forms.CharField(required=False, widget=forms.HiddenInput())
    policy = Place(label="Policy", required=False)
    place = Place(label="Where", required=False)
    target = forms.CharField(
        label="Object",
        required=False,
        widget=NameInput(),
        help_text="Its name: the topic's, the subject's.",
    )
    until = forms.CharField(
        label="Until",
        required=False,
        help_text="A day as 2027-03-01, or a length as 30 d. A year at most.",
    )
    reason = forms.CharField(
        label="Why this one",
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text="Whoever may grant it reads this: what makes this object different.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.fixed:
            for name in ("policy", "place", "target"):
                self.fields[name].widget = forms.HiddenInput()
            return
        policy, place = self.fields["policy"], self.fields["place"]
        assert isinstance(policy, Place)  # noqa: S101 -- for the type checker
        assert isinstance(place, Place)  # noqa: S101 -- for the type checker
        policy.choices = [("", "choose one"), *self._rules()]
        place.choices = [
            (where, f"{title}, {environment}")
            for where, title, environment in kinds.get(KIND).places()
        ]

    def _rules(self) -> list[tuple[str, str]]:
        """Policies in force that can be waived: by name, with what they are about."""
        rows = (
            PolicyVersion.objects.filter(active=True)
            .exclude(waiver=NEVER)
            .exclude(severity__in=[Severity.INFO, Severity.AUTO])
            .exclude(kind=KIND)
            .order_by("policy__name")
            .values_list("policy__name", "kind", "policy__title")
        )
        return [(name, f"{name} ({kind}) {title}".strip()) for name, kind, title in rows]

    @property
    def fixed(self) -> bool:
        """Whether policy and object are settled: it stands beside a part, or takes one back."""
        return bool(self["about"].value()) or self.ends

    @property
    def ends(self) -> bool:
        """Whether it takes a waiver back."""
        return self.operation != GRANT

    @property
    def policy_name(self) -> str:
        """The policy, where it is settled and looks like one."""
        name = str(self["policy"].value() or "")
        return name if SLUG.fullmatch(name) else ""

    @property
    def spared(self) -> str:
        """The object, where it is settled and no other part says which."""
        return str(self["target"].value() or "")

    @classmethod
    def initial_of(cls, place: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
        """What the controls show for a waiver that was written."""
        shown = {key: spec.get(key) or "" for key in ("policy", "until", "reason")}
        return {"place": place, "target": spec.get("object") or "", **shown}

    def followed(self, items: Sequence[NewItem]) -> NewItem | None:
        """The item of the part that it stands beside; none where it stands alone."""
        about = str(self["about"].value() or "")
        position = int(about) if about.isascii() and about.isdigit() and len(about) < 4 else -1
        return items[position] if 0 <= position < len(items) else None

    def new_item(self, main: NewItem | None) -> NewItem:
        """What was typed, about the object of `main` where there is one."""
        typed = self.cleaned_data
        policy = typed.get("policy", "")
        target = main.name if main is not None else typed.get("target", "")
        place = main.place if main is not None else typed.get("place", "")
        kind = main.kind if main is not None else _kind_of(policy)
        return NewItem(
            kind=self.kind,
            operation=self.operation,
            name=name_of(policy, kind, target),
            place=place,
            after={
                "policy": policy,
                "kind": kind,
                "object": target,
                "until": typed.get("until", ""),
                "reason": typed.get("reason", ""),
            },
        )

    def field_of(self, path: str) -> str:
        """The control that a path stands for; none for what is settled."""
        field = {"name": "target", "object": "target", "kind": "policy"}.get(path, path)
        if self.fixed and field in ("policy", "place", "target"):
            return ""
        return field if field in self.fields else ""


def _kind_of(policy: str) -> str:
    row = PolicyVersion.objects.filter(policy__name=policy, active=True)
    return row.values_list("kind", flat=True).first() or ""
