"""How a person writes a topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django import forms

from governance import lookups
from governance.errors import Problem
from governance.forms import ItemForm, NameInput, Place, Styled, register_form
from governance.services.items import NewItem
from topics import kept_controls
from topics.kinds.topic import configs
from topics.kinds.topic.about import CLASS_WORDS, NEW
from topics.kinds.topic.reason import FIELD, KIND_WORDS
from topics.models import Cluster, DriftMode, PriceBook
from topics.places import clusters_by_environment
from topics.profiles import table as profiles
from topics.services.clusters import MECHANISMS, PROTOCOLS, ClusterSpec
from topics.services.prices import MOST, PLACES, PRICES, PriceSpec

# Keys that have a control of their own; every other one is a line of "More settings".
KEYS: Final[Mapping[str, str]] = {
    "retention": "retention.ms",
    "cleanup": "cleanup.policy",
    "message_size": "max.message.bytes",
    "insync": "min.insync.replicas",
    "compression": "compression.type",
}
_CLEANUP = [
    ("", "the broker's default"),
    ("delete", "delete when old"),
    ("compact", "keep the latest of each key"),
    ("compact,delete", "keep the latest of each key, delete when old"),
]
_COMPRESSION = [
    ("", "the broker's default"),
    ("producer", "as the producer sends it"),
    *((c, c) for c in ("zstd", "lz4", "snappy", "gzip", "uncompressed")),
]


@register_form
class TopicForm(ItemForm):
    """A topic. An empty setting is no override: the broker's default holds."""

    kind: ClassVar[str] = "topic"
    template: ClassVar[str] = "kinds/topic/_form.html"
    title: ClassVar[str] = "Topic"

    place = Place(label="Cluster", required=False)
    name = forms.CharField(
        label="Name",
        required=False,
        widget=NameInput(),
    )
    partitions = forms.CharField(
        label="Partitions",
        required=False,
        widget=forms.TextInput({"inputmode": "numeric"}),
        help_text="Can be raised later, never lowered.",
    )
    replication_factor = forms.CharField(
        label="Replication",
        required=False,
        widget=forms.TextInput({"inputmode": "numeric"}),
        help_text="Copies of each partition. Empty: the cluster's default.",
    )
    retention = forms.CharField(
        label="Kept for", required=False, help_text="For example 7 d, 36 h or unlimited."
    )
    cleanup = forms.ChoiceField(label="Old records", required=False, choices=_CLEANUP)
    message_size = forms.CharField(
        label="Largest batch", required=False, help_text="For example 1 MiB."
    )
    insync = forms.CharField(
        label="Copies that must have a write",
        required=False,
        widget=forms.TextInput({"inputmode": "numeric"}),
    )
    compression = forms.ChoiceField(label="Compression", required=False, choices=_COMPRESSION)
    data_class = forms.ChoiceField(
        label="Data class",
        required=False,
        initial=NEW.data_class,
        choices=list(CLASS_WORDS.items()),
        help_text="The most sensitive that any of its records holds.",
    )
    description = forms.CharField(
        label="Description",
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text="What it tells, for whoever looks for it.",
    )
    labels = forms.CharField(
        label="Labels",
        required=False,
        widget=forms.Textarea({"rows": 2, "class": "mono", "spellcheck": "false"}),
        help_text="One a line: domain = checkout.",
    )
    reason_kind = forms.ChoiceField(
        label="Longer because of",
        required=False,
        choices=[("", "no special reason"), *((k.value, w) for k, w in KIND_WORDS.items())],
    )
    reason_text = forms.CharField(label="Which one", required=False)
    reason_ends = forms.CharField(
        label="Until",
        required=False,
        help_text="After a time (90 d), on a day (2027-03-01), or never.",
    )
    reason_falls_back_to = forms.CharField(
        label="Falls back to",
        required=False,
        help_text="What holds after that. Empty: as until now, or the limit.",
    )
    others = forms.CharField(
        label="More settings",
        required=False,
        widget=forms.Textarea({"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text="One a line: segment.ms = 1 d. A line taken out goes back to the default.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = self.fields["place"]
        assert isinstance(place, forms.ChoiceField)  # noqa: S101 -- for the type checker
        place.choices = clusters_by_environment()
        if self.operation == "alter":
            # What a request changes is fixed once it is chosen; the page prints these two.
            for name in ("place", "name"):
                self.fields[name].widget = forms.HiddenInput()

    @classmethod
    def initial_of(cls, place: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
        found = spec.get("configs")
        overrides = {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
        shown = {k: configs.human(configs.known(k), v) for k, v in overrides.items()}
        lines = [f"{k} = {v}" for k, v in sorted(shown.items()) if k not in KEYS.values()]
        return {
            "place": place,
            "name": name,
            "partitions": spec.get("partitions", ""),
            "replication_factor": spec.get("replication_factor", ""),
            "others": "\n".join(lines),
            **{control: shown.get(key, "") for control, key in KEYS.items()},
            **kept_controls.initial(place, name, spec),
        }

    def new_item(self, main: NewItem | None) -> NewItem:
        typed = self.cleaned_data
        return NewItem(
            kind=self.kind,
            operation=self.operation,
            name=typed.get("name", ""),
            place=typed.get("place", ""),
            after={
                "partitions": typed.get("partitions", ""),
                "replication_factor": typed.get("replication_factor", ""),
                "configs": self._overrides(),
                **kept_controls.typed(typed),
            },
        )

    @property
    def lacking(self) -> str:
        if clusters_by_environment():
            return ""
        return (
            "No cluster is connected yet, so a topic has nowhere to be. The platform team connects "
            "one on the page of clusters; schemas can be asked for already."
        )

    def field_of(self, path: str) -> str:
        if path.startswith("others."):
            return "others"
        if path.startswith("configs."):
            key = path.removeprefix("configs.")
            return next((c for c, k in KEYS.items() if k == key), "others")
        if path.startswith(FIELD):
            return kept_controls.of_reason(path)
        return super().field_of(path)

    def contradictions(self) -> list[Problem]:
        """A line that sets nothing, and a setting that is typed twice: in its own control and as a
        line, or in two lines."""
        found = [
            Problem(
                "others",
                f"“{line[:80]}” sets nothing.",
                "Write key = value, or take the line out for the default.",
                rule="key = value",
            )
            for line in self.cleaned_data.get("others", "").splitlines()
            if line.strip() and not all(part.strip() for part in line.partition("="))
        ]
        found += kept_controls.contradictions(self.cleaned_data)
        return found + [
            Problem(
                f"others.{key}",
                f"{key} is given more than once: {', '.join(told)}.",
                f"Keep one of them: {self._place_of(key)}.",
                rule="given once",
            )
            for key, told in self._typed_by_key().items()
            if len(set(told)) > 1
        ]

    @property
    def keeps_for_reason(self) -> bool:
        """Whether anything of a reason is filled in, so that it is shown at once."""
        return any(self[name].value() for name in kept_controls.REASON)

    def _place_of(self, key: str) -> str:
        control = next((c for c, k in KEYS.items() if k == key), None)
        return f"the one under {self.fields[control].label}" if control else "a single line"

    def _overrides(self) -> dict[str, str]:
        return {key: told[0] for key, told in self._typed_by_key().items()}

    def _typed_by_key(self) -> dict[str, list[str]]:
        """All that is typed for each setting; that of its own control comes first, since the rules
        answer beside it."""
        typed = self.cleaned_data
        found = {key: [typed[control]] for control, key in KEYS.items() if typed.get(control)}
        for line in typed.get("others", "").splitlines():
            key, _, value = line.partition("=")
            if key.strip():
                found.setdefault(key.strip(), []).append(value.strip())
        return found


def _price(label: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_value=MOST,
        decimal_places=PLACES,
        widget=forms.TextInput({"inputmode": "decimal"}),
        help_text=f"{help_text} Empty: unknown.",
    )


class ClusterForm(Styled):
    """A cluster's record. The service judges it; what it refuses is said beside the field."""

    slug = forms.CharField(
        label="Short name",
        max_length=63,
        widget=forms.TextInput({"class": "mono", "spellcheck": "false"}),
        help_text="Stands in addresses and requests: eu-prod-1. It cannot be changed later.",
    )
    name = forms.CharField(label="Name", max_length=120, required=False)
    environment = forms.ChoiceField(label="Environment")
    bootstrap = forms.CharField(
        label="Brokers",
        max_length=1_000,
        widget=forms.TextInput({"class": "mono", "spellcheck": "false"}),
        help_text="kafka-1.example.com:9092, more after a comma.",
    )
    protocol = forms.ChoiceField(label="Security", choices=[(p, p) for p in PROTOCOLS])
    mechanism = forms.ChoiceField(
        label="Mechanism", required=False, choices=[("", "none"), *((m, m) for m in MECHANISMS)]
    )
    username = forms.CharField(
        label="User", required=False, help_text="Weir's own principal on the cluster."
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text="A reference (env:NAME, file:/path), or the password, which is kept encrypted.",
    )
    ca_file = forms.CharField(label="File of the CA", required=False)
    profile = forms.ChoiceField(label="Platform")
    region = forms.CharField(label="Region", max_length=80, required=False)
    zones = forms.IntegerField(label="Zones", min_value=1, max_value=100, initial=1)
    account = forms.CharField(label="Account", max_length=120, required=False)
    boundary = forms.CharField(label="Network boundary", max_length=80, required=False)
    drift_mode = forms.ChoiceField(
        label="Drift", choices=DriftMode.choices, initial=DriftMode.REPORT
    )

    def __init__(self, *args: Any, known: Cluster | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environments = [(e.slug, e.name) for e in lookups.environments()]
        titles = [(name, profile.title) for name, profile in sorted(profiles.PROFILES.items())]
        for name, choices in (("environment", environments), ("profile", titles)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
            field.choices = choices
        if known is not None:
            self.fields["slug"].disabled = True
            self.fields["password"].help_text = "Empty: the one that is kept stays."

    @classmethod
    def initial_of(cls, cluster: Cluster) -> dict[str, object]:
        """What the controls show for a record that is there."""
        plain = ("slug", "name", "bootstrap", "profile", "region", "zones", "account", "boundary")
        return {
            **{name: getattr(cluster, name) for name in plain},
            "environment": cluster.environment.slug,
            "drift_mode": cluster.drift_mode,
            **{name: cluster.security.get(name, "") for name in _SECURITY},
        }

    def spec(self) -> ClusterSpec:
        """The record as it was typed."""
        typed = self.cleaned_data
        security = {name: typed[name] for name in _SECURITY if typed.get(name)}
        return ClusterSpec(
            name=typed["name"] or typed["slug"],
            environment=typed["environment"],
            bootstrap=typed["bootstrap"],
            security=security,
            password=typed["password"] or None,
            profile=typed["profile"],
            account=typed["account"],
            region=typed["region"],
            boundary=typed["boundary"],
            zones=typed["zones"],
            drift_mode=typed["drift_mode"],
        )


class PriceForm(Styled):
    """What things cost on a cluster. Empty is unknown, which is not the same as 0."""

    currency = forms.CharField(
        label="Currency", max_length=3, help_text="Its three letters: EUR, USD."
    )
    local_gib_month = _price("A GiB on brokers' disks, a month", "Each copy is paid for.")
    remote_gib_month = _price("A GiB in object storage, a month", "Paid for once.")
    ingress_gib = _price("A GiB written", "What the platform or the network takes for it.")
    cross_zone_gib = _price("A GiB between zones", "Producers and copies in other zones.")

    @classmethod
    def initial_of(cls, book: PriceBook | None) -> dict[str, object]:
        """What the controls show for prices that are there."""
        if book is None:
            return {}
        amounts = {name: getattr(book, name) for name in PRICES}
        shown = {k: "" if v is None else f"{v.normalize():f}" for k, v in amounts.items()}
        return {"currency": book.currency, **shown}

    def spec(self) -> PriceSpec:
        """The prices as they were typed."""
        typed = self.cleaned_data
        return PriceSpec(typed["currency"], **{name: typed.get(name) for name in PRICES})


_SECURITY = ("protocol", "mechanism", "username", "ca_file")
