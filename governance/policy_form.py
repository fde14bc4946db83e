"""How a person writes a policy. The form reads text and judges nothing: the service does, so that
pages, files and the API say the same."""

from __future__ import annotations

from typing import Any

from django import forms

from governance import kinds
from governance.errors import Problem
from governance.forms import Styled
from governance.models import Environment, Severity
from governance.policy.load import PolicyText

_MONO = {"class": "mono", "spellcheck": "false"}
_PRODUCTION = [("", "everywhere"), ("yes", "in production only"), ("no", "outside production")]


class PolicyForm(Styled):
    """Every member of a policy."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        widget=forms.TextInput(_MONO),
        help_text="Small letters, digits, hyphens: retention-limit. It cannot be changed later.",
    )
    title = forms.CharField(label="Title", max_length=160, required=False)
    kind = forms.ChoiceField(
        label="About", choices=lambda: [(k.name, k.title) for k in kinds.every()]
    )
    owner = forms.CharField(
        label="Owner", max_length=120, help_text="Who answers for this rule: platform, a team."
    )
    description = forms.CharField(
        label="What it is for", required=False, max_length=5_000, widget=forms.Textarea({"rows": 2})
    )
    expression = forms.CharField(
        label="Condition",
        max_length=10_000,
        widget=forms.Textarea({"rows": 5, **_MONO}),
        help_text="In CEL, true when all is well: topic.partitions <= 60.",
    )
    severity = forms.ChoiceField(label="When it objects", choices=Severity.choices)
    approver = forms.CharField(
        label="Must agree",
        max_length=40,
        required=False,
        help_text="For “needs approval”: platform, second, steward or owner:<team>.",
    )
    waiver = forms.CharField(
        label="Grants waivers",
        max_length=80,
        initial="platform",
        help_text="platform, steward, owner:<team>, or never.",
    )
    path = forms.CharField(
        label="Beside the value",
        max_length=200,
        required=False,
        widget=forms.TextInput(_MONO),
        help_text="For example partitions or configs.retention.ms.",
    )
    message = forms.CharField(
        label="Message",
        max_length=2_000,
        widget=forms.Textarea({"rows": 2}),
        help_text="What it objects to. Facts in braces: {topic.partitions}.",
    )
    way_out = forms.CharField(
        label="Way out", max_length=2_000, required=False, widget=forms.Textarea({"rows": 2})
    )
    production = forms.ChoiceField(label="Holds", required=False, choices=_PRODUCTION)
    environments = forms.MultipleChoiceField(
        label="Only in these environments",
        required=False,
        choices=lambda: [(e.slug, e.slug) for e in Environment.objects.all()],
        widget=forms.CheckboxSelectMultiple,
    )
    teams = forms.CharField(
        label="Only for things of these teams",
        required=False,
        max_length=4_000,
        widget=forms.TextInput(_MONO),
        help_text="Short names, separated by spaces. Empty: all.",
    )
    operations = forms.CharField(
        label="Only when it is to",
        required=False,
        max_length=400,
        widget=forms.TextInput(_MONO),
        help_text="Operations, separated by spaces: create alter. Empty: all.",
    )

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            del self.fields["name"]

    def text(self, name: str) -> PolicyText:
        """What was typed; `name` where it is settled."""
        typed = dict(self.cleaned_data)
        scope: dict[str, object] = {
            key: found
            for key in ("environments", "teams", "operations")
            if (found := _list(typed.pop(key)))
        }
        if production := typed.pop("production"):
            scope["production"] = production == "yes"
        given = typed.pop("name", "")
        words = {key: str(value).replace("\r\n", "\n").strip() for key, value in typed.items()}
        return PolicyText(name=name or given, scope=scope, **words)

    def refuse(self, problem: Problem) -> None:
        """Says what is wrong beside its field."""
        path = problem.path.removeprefix("scope.")
        said = f"{problem.message} {problem.way_out}".strip()
        self.add_error(path if path in self.fields else None, said)


def initial_of(text: PolicyText) -> dict[str, object]:
    """What the controls show for a policy."""
    scope = text.scope
    production = scope.get("production")
    shown: dict[str, object] = {
        name: getattr(text, name) for name in text.__dataclass_fields__ if name != "scope"
    }
    return shown | {
        "environments": _list(scope.get("environments")),
        "teams": " ".join(_list(scope.get("teams"))),
        "operations": " ".join(_list(scope.get("operations"))),
        "production": "" if production is None else "yes" if production else "no",
    }


def _list(value: object) -> list[str]:
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return [str(entry) for entry in value] if isinstance(value, list | tuple) else []
