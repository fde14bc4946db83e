"""How a person asks for access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from governance.forms import ItemForm, NameInput, Place, register_form
from governance.models import Application
from governance.services.items import NewItem
from topics.kinds.grant.diff import ACCESS_WORDS
from topics.kinds.grant.roles import ROLES
from topics.kinds.grant.spec import FIELDS, name_of
from topics.places import clusters_by_environment

_MOST_APPLICATIONS = 500


@register_form
class GrantForm(ItemForm):
    """Access of an application to a topic."""

    kind: ClassVar[str] = "grant"
    template: ClassVar[str] = "kinds/grant/_form.html"
    title: ClassVar[str] = "Access"
    asked_by: ClassVar[tuple[str, ...]] = ("place", "application", "role", "topic")

    application = Place(label="Application", required=False)
    role = forms.ChoiceField(
        label="Is to be its",
        required=False,
        initial="consumer",
        choices=[(role.value, facts.title) for role, facts in ROLES.items()],
    )
    place = Place(label="Cluster", required=False)
    topic = forms.CharField(
        label="Topic",
        required=False,
        widget=NameInput(),
        help_text="A star ends a beginning of names: payments.*",
    )
    ends = forms.CharField(
        label="Ends",
        required=False,
        initial="90 d",
        help_text="After a time (90 d), on a day (2027-03-01), or never.",
    )
    purpose = forms.CharField(label="What it is for", required=False)
    group = forms.CharField(
        label="Group or application id",
        required=False,
        widget=NameInput(),
        help_text="Empty: called like the application. For who reads; not for a plain producer.",
    )
    transactional_id = forms.CharField(
        label="Transactional id",
        required=False,
        widget=NameInput(),
        help_text="Of a transactional producer. Empty: called like the application.",
    )
    access = forms.ChoiceField(
        label="Direction",
        required=False,
        choices=[(access.value, words) for access, words in ACCESS_WORDS.items()],
        help_text="Of a streams application or a connector.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place, application = self.fields["place"], self.fields["application"]
        assert isinstance(place, forms.ChoiceField)  # noqa: S101 -- for the type checker
        assert isinstance(application, forms.ChoiceField)  # noqa: S101 -- likewise
        place.choices = clusters_by_environment()
        application.choices = _applications()
        if self.position > 0 and not self["topic"].value():
            # Beside the topic that the request makes, both are known.
            for name in ("place", "topic"):
                self.fields[name].widget = forms.HiddenInput()
        if self.operation != "create":
            # What a request changes is fixed once it is chosen; the page prints it.
            for name in ("application", "role", "place", "topic"):
                self.fields[name].widget = forms.HiddenInput()
        if self.operation == "revoke":
            for name in FIELDS:
                del self.fields[name]

    @classmethod
    def initial_of(cls, place: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
        grant = name_of(name)
        if grant is None:
            return {"place": place}
        return {
            "place": place,
            "application": grant.application,
            "role": grant.role.value,
            "topic": str(grant.topic),
            **{key: spec.get(key) or "" for key in FIELDS},
        }

    def new_item(self, main: NewItem | None) -> NewItem:
        typed = self.cleaned_data
        topic = typed.get("topic", "") or (main.name if main else "")
        place = typed.get("place", "") or (main.place if main else "")
        return NewItem(
            kind=self.kind,
            operation=self.operation,
            name=f"{typed.get('application', '')}/{typed.get('role', '')}/{topic}",
            place=place,
            after={key: typed.get(key, "") for key in FIELDS},
        )

    @property
    def lacking(self) -> str:
        if not clusters_by_environment():
            return "No cluster is connected yet, so there is nothing to have access to."
        if not _applications():
            return (
                "No team has an application yet, so there is nobody to give access to. An owner "
                "adds one on the team's page, with the principal that it acts as."
            )
        return ""

    def field_of(self, path: str) -> str:
        """A control that is not shown says nothing either: that is said of the whole."""
        name = super().field_of(path)
        return "" if name and self.fields[name].widget.is_hidden else name

    @property
    def heading(self) -> str:
        match self.operation:
            case "alter":
                return "Change access"
            case "revoke":
                return "End access"
        return ""

    @property
    def words(self) -> str:
        """What is changed, in words, for a page that does not let it be chosen again."""
        value = {name: self[name].value() or "" for name in ("application", "role", "topic")}
        grant = name_of("/".join(value.values()))
        return grant.words if grant else ""


def _applications() -> list[tuple[str, object]]:
    rows = Application.objects.select_related("team").order_by("team__slug", "name")
    grouped: dict[str, list[tuple[str, str]]] = {}
    for row in rows[:_MOST_APPLICATIONS]:
        grouped.setdefault(row.team.slug, []).append((row.name, f"{row.name} · {row.principal}"))
    return list(grouped.items())
