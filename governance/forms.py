"""Forms of the pages that belong to no kind, and what a kind's own form must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest

from governance import throttle
from governance.errors import Problem, WeirError
from governance.models import DataClass, OrgRoleName, Team, TeamRole, User
from governance.notices.table import FOR_HOOKS, SORTS
from governance.services.environments import COLOURS, EnvironmentSpec
from governance.services.freezes import MAX_REASON as MAX_FREEZE_REASON
from governance.services.items import NewItem
from governance.services.people import LONGEST_PASSWORD

# A choice that is not offered was not made with the form as it is now.
_CHOICE_WORDS = {
    "required": "Choose one.",
    "invalid_choice": "This is none of the choices any more. Choose again.",
}


class Styled(forms.Form):
    """A form whose controls carry the classes of our look, and are described by what is said."""

    required_css_class = "required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, forms.ChoiceField):
                field.error_messages |= _CHOICE_WORDS
            widget = field.widget
            if isinstance(widget, forms.Select):
                widget.attrs.setdefault("class", "form-select")
            elif not isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
                widget.attrs["class"] = f"form-control {widget.attrs.get('class', '')}".strip()
            # What the rules say of a value appears below it while it is typed.
            told = [f"{self[name].auto_id}_says"]
            if field.help_text:
                told.insert(0, f"{self[name].auto_id}_helptext")
            widget.attrs.setdefault("aria-describedby", " ".join(told))


class NameInput(forms.TextInput):
    """Where somebody types the name of a thing on a cluster or in the registry."""

    def __init__(self) -> None:
        super().__init__({"class": "mono", "autocomplete": "off", "spellcheck": "false"})


class Place(forms.ChoiceField):
    """Where something is to be. Whether there is such a place is for the kind to say, once."""

    def valid_value(self, value: Any) -> bool:
        return True


def offer_teams(form: forms.Form, teams: list[Team]) -> None:
    """Lets the form's `team` be one of these."""
    field = form.fields["team"]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 -- for the type checker
    field.queryset = Team.objects.filter(pk__in=[t.pk for t in teams]).order_by("slug")


class ItemForm(Styled):
    """How a person writes one item of a kind. Each kind brings a subclass and a template.

    A form reads text and judges nothing: the kind's `parse` and the rules do, so that page and API
    say the same. `position` is the item's place in its request.
    """

    kind: ClassVar[str]
    template: ClassVar[str]
    title: ClassVar[str]
    asked_by: ClassVar[tuple[str, ...]] = ("place", "name")  # what an address may fill in

    def __init__(self, *args: Any, operation: str, position: int = 0, **kwargs: Any) -> None:
        self.operation = operation
        self.position = position
        super().__init__(*args, prefix=f"i{position}", **kwargs)

    @classmethod
    def initial_of(cls, place: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
        """What the controls show for a spec as `parse` made it."""
        raise NotImplementedError

    def new_item(self, main: NewItem | None) -> NewItem:
        """What was typed. `main` is the request's first item, which a companion takes after."""
        raise NotImplementedError

    def followed(self, items: Sequence[NewItem]) -> NewItem | None:
        """Which of the request's items so far this one is written beside: the first."""
        return items[0] if items else None

    @property
    def heading(self) -> str:
        """What the page of a change is called; empty for something new."""
        return f"Change {self['name'].value()}" if self.operation == "alter" else ""

    @property
    def lacking(self) -> str:
        """What must be there before one of this kind can be asked for; empty when all is."""
        return ""

    def contradictions(self) -> list[Problem]:
        """Where two controls say something different of one value: only the form sees both."""
        return []

    def field_of(self, path: str) -> str:
        """The control that a path of the spec stands for; empty for none of them."""
        return path if path in self.fields else ""


_FORMS: dict[str, type[ItemForm]] = {}


def register_form(form: type[ItemForm]) -> type[ItemForm]:
    """Puts a kind's form into the table; used as a decorator."""
    _FORMS[form.kind] = form
    return form


def form_of(kind: str) -> type[ItemForm] | None:
    """The form of a kind; None for one that only the API writes."""
    return _FORMS.get(kind)


class RequestForm(Styled):
    """What every request has, whatever it is about."""

    team = forms.ModelChoiceField(
        Team.objects.none(), label="For team", to_field_name="slug", empty_label=None
    )
    title = forms.CharField(
        max_length=200,
        required=False,
        label="Title",
        help_text="Left empty, it is made from what is asked for.",
    )
    reason = forms.CharField(
        required=False,
        label="Why",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Reviewers read this first: what it is for, and until when.",
    )

    def __init__(self, *args: Any, teams: list[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_teams(self, teams)


class SignInForm(Styled):
    """Name and password; wrong ones are answered in the same words and the same time."""

    username = forms.CharField(
        label="Name", max_length=150, widget=forms.TextInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=1_000,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None
        self.retry_after = 0  # seconds, when it is too early to try again

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if "username" in typed and "password" in typed:
            try:
                self.user = throttle.sign_in(self.request, **typed)
            except throttle.SignInRefused as refused:
                self.retry_after = refused.retry_after
                raise forms.ValidationError(refused.message) from refused
        return typed


class CodeForm(Styled):
    """The second step of signing in."""

    code = forms.CharField(
        label="Code",
        max_length=80,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "spellcheck": "false", "class": "mono"}
        ),
        help_text="Six digits from your app, or one of your recovery codes.",
    )


class TokenForm(Styled):
    """A token for a team's programs."""

    team = forms.ModelChoiceField(
        Team.objects.none(), label="Team", to_field_name="slug", empty_label=None
    )
    name = forms.CharField(
        max_length=120,
        label="Name",
        help_text="What uses it, for example “checkout in production”.",
    )
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=[
            ("api:read", "read through the API"),
            ("api:write", "ask for changes through the API"),
            ("registry:read", "read schemas"),
            ("registry:write", "register schemas"),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="Ends after",
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (365, "a year")],
        initial=90,
    )
    context = forms.ChoiceField(
        label="Only in registry context", required=False, choices=[("", "any context")]
    )

    def __init__(self, *args: Any, teams: list[Team], contexts: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_teams(self, teams)
        field = self.fields["context"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = [("", "any context"), *((c, c) for c in contexts)]


class TeamForm(Styled):
    """A new team."""

    slug = forms.CharField(
        label="Short name",
        max_length=63,
        widget=forms.TextInput({"class": "mono", "spellcheck": "false"}),
        help_text="Begins the names of its topics: payments. It cannot be changed later.",
    )
    name = forms.CharField(label="Name", max_length=120, required=False)
    on_call = forms.CharField(label="On call", max_length=200, required=False)
    email = forms.EmailField(label="Mail", required=False)
    chat = forms.CharField(
        label="Chat", max_length=200, required=False, help_text="A channel, such as #payments."
    )
    cost_centre = forms.CharField(label="Cost centre", max_length=80, required=False)
    successor = forms.CharField(
        label="Successor",
        max_length=63,
        required=False,
        widget=forms.TextInput({"class": "mono", "spellcheck": "false"}),
        help_text="The team that takes over what this one owns when it is closed.",
    )
    description = forms.CharField(
        label="What it does", required=False, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A new one has nothing to hand over, one that is there keeps its short name.
        del self.fields["slug" if known else "successor"]


class MemberForm(Styled):
    """A role for a person in a team."""

    username = forms.CharField(
        max_length=150,
        label="Signs in as",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(label="Is", choices=TeamRole.choices)


class ApplicationForm(Styled):
    """A program of a team, and the principal it acts as."""

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            del self.fields["name"]

    name = forms.CharField(label="Name", max_length=120)
    principal = forms.CharField(
        label="Acts as",
        max_length=250,
        initial="User:",
        widget=forms.TextInput({"class": "mono", "spellcheck": "false"}),
    )
    prefixes = forms.CharField(
        label="Names it may use",
        required=False,
        widget=forms.TextInput({"class": "mono", "spellcheck": "false"}),
        help_text="Beginnings of topics' names, separated by spaces: payments. checkout.",
    )
    description = forms.CharField(label="What it does", required=False)


def _limit_of(data_class: DataClass) -> forms.CharField:
    return forms.CharField(label=data_class.label, max_length=80, required=False)


class EnvironmentForm(Styled):
    """An environment and its limits. The service judges the values, so that page and API say the
    same."""

    slug = forms.CharField(
        label="Short name",
        max_length=40,
        widget=forms.TextInput({"class": "mono", "spellcheck": "false"}),
        help_text="Stands in rules and filters: production. It cannot be changed later.",
    )
    name = forms.CharField(label="Name", max_length=80, required=False)
    colour = forms.ChoiceField(label="Colour", choices=[(c, c.capitalize()) for c in COLOURS])
    position = forms.IntegerField(
        label="Place in lists",
        initial=0,
        widget=forms.TextInput({"inputmode": "numeric"}),
        help_text="From 0; the strictest comes last.",
    )
    production = forms.BooleanField(
        label="This is production",
        required=False,
        help_text="Its pages carry a red line, and rules may be stricter.",
    )
    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        initial="UTC",
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text="For example Europe/Berlin.",
    )
    retention_limit = forms.CharField(
        label="Topics keep records for at most",
        max_length=80,
        required=False,
        help_text="For example 30 d. Empty: no limit. Policies say who must agree above it.",
    )
    limit_none = _limit_of(DataClass.NONE)
    limit_internal = _limit_of(DataClass.INTERNAL)
    limit_personal = _limit_of(DataClass.PERSONAL)
    limit_sensitive = _limit_of(DataClass.SENSITIVE)
    max_partitions = forms.IntegerField(
        label="Partitions at most",
        required=False,
        widget=forms.TextInput({"inputmode": "numeric"}),
        help_text="Of one topic. Empty: no limit.",
    )
    registry_context = forms.CharField(
        label="Registry context",
        max_length=120,
        initial=".",
        widget=forms.TextInput({"class": "mono", "spellcheck": "false"}),
        help_text="Where its schemas lie: . is the default one, .staging another.",
    )

    change_windows = forms.CharField(
        label="Change windows",
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
        help_text="When approved requests are applied, one rule a line, by the clock of its time "
        "zone: Mon–Thu 09:00–16:00. Empty: at any time.",
    )

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            del self.fields["slug"]

    def spec(self) -> EnvironmentSpec:
        """What was typed."""
        typed = {k: v for k, v in self.cleaned_data.items() if k != "slug"}
        rules = tuple(str(typed.pop("change_windows")).splitlines())
        limits = {name: typed.pop(f"limit_{name}") for name in DataClass.values}
        return EnvironmentSpec(**typed, change_windows=rules, retention_limits=limits)

    @property
    def limits(self) -> list[forms.BoundField]:
        """The controls for the limits of data classes, from the least sensitive to the most."""
        return [self[f"limit_{name}"] for name in DataClass.values]


class FreezeForm(Styled):
    """A time in which nothing is applied in one environment, by its clock."""

    starts_at = forms.CharField(
        label="From",
        max_length=40,
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}),
        help_text="Empty: from now on.",
    )
    ends_at = forms.CharField(
        label="Until", max_length=40, widget=forms.DateTimeInput({"type": "datetime-local"})
    )
    reason = forms.CharField(
        label="What for",
        max_length=MAX_FREEZE_REASON,
        help_text="Everybody who waits reads it: year-end closing.",
    )


class PersonForm(Styled):
    """Name and mail of somebody who is there already."""

    name = forms.CharField(label="Name", max_length=150, required=False)
    email = forms.CharField(label="Mail", max_length=254, required=False, widget=forms.EmailInput())


class RolesForm(Styled):
    """Roles in the whole installation."""

    roles = forms.MultipleChoiceField(
        label="Is", choices=OrgRoleName.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


def _new_password(label: str, **other: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        **other,
    )


class NewPersonForm(RolesForm, PersonForm):
    """A new account."""

    username = forms.CharField(
        label="Signs in as",
        max_length=150,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="It cannot be changed later.",
    )
    password = _new_password(
        "Password",
        required=False,
        help_text="12 characters at least. Empty: nobody signs in until one is set.",
    )
    field_order = ("username", "name", "email", "password", "roles")


class PasswordForm(Styled):
    """A new password for somebody else."""

    password = _new_password("New password", help_text="12 characters at least.")


class OwnPasswordForm(Styled):
    """A new password for oneself."""

    old = forms.CharField(
        label="Your password now",
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    new = _new_password("New password", help_text="12 characters at least.")
    again = _new_password("The new one again")

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if "again" in typed and typed.get("new") != typed["again"]:
            self.add_error("again", "It is not the same as the new password. Type both once more.")
        return typed


def _own_password() -> forms.CharField:
    return forms.CharField(
        label="Your password",
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class SetUpForm(Styled):
    """The first code of an app, which shows that it works."""

    code = forms.CharField(
        label="Code that the app shows",
        max_length=80,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "inputmode": "numeric", "class": "mono"}
        ),
    )
    password = _own_password()


class OwnWordForm(Styled):
    """One's password once more, before something of one's own account changes."""

    password = _own_password()


class NoticeChoiceForm(Styled):
    """By which way a person is told of what: a field for each sort (``by_mentions``)."""

    digest_hour = forms.TypedChoiceField(
        label="The digest comes at",
        choices=[(hour, f"{hour:02d}:00") for hour in range(24)],
        coerce=int,
    )
    time_zone = forms.CharField(
        label="Of time zone",
        max_length=64,
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text="For example Europe/Berlin.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = [("inbox", "Inbox only"), ("mail", "Mail at once"), ("digest", "In the digest")]
        for sort, (title, words, _) in SORTS.items():
            self.fields[f"by_{sort}"] = forms.ChoiceField(
                label=title,
                choices=channels,
                help_text=words,
                widget=forms.Select({"class": "form-select"}),
            )

    def channels(self) -> dict[str, str]:
        """The channel that was chosen for each sort."""
        return {sort.value: self.cleaned_data[f"by_{sort}"] for sort in SORTS}

    def sorts(self) -> list[forms.BoundField]:
        """The fields of the sorts, in the table's order."""
        return [self[f"by_{sort}"] for sort in SORTS]


class HookForm(Styled):
    """A new webhook. The service judges its address."""

    name = forms.CharField(label="Name", max_length=120)
    team = forms.ChoiceField(label="For")
    address = forms.CharField(
        label="Address",
        max_length=2000,
        widget=forms.TextInput({"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
        help_text="https://… gets signed JSON. A chat service: slack://…, workflows://… (Teams), "
        "discord://…, gchat://…, wxteams://…, tgram://…, pagerduty://…, opsgenie://…, splunk://…, "
        "pagertree://…, signl4://…; it is not shown again.",
    )
    happenings = forms.MultipleChoiceField(
        label="Is told when something is",
        choices=[(h.value, h.value.replace("_", " ")) for h in FOR_HOOKS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, teams: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["team"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = teams


def refuse(form: forms.Form, error: WeirError) -> None:
    """Says beside its field why a service did not take a value."""
    path = str(error.facts.get("path") or "").removeprefix("security.")
    path = path.replace("retention_limits.", "limit_")
    form.add_error(path if path in form.fields else None, error.message)
