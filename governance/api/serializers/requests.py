"""Requests, going out and coming in."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.shared import (
    DiffRowShown,
    EffectShown,
    FindingShown,
    PersonShown,
    StepShown,
)
from governance.api.serializers.suggestions import ChangedShown
from governance.api.shapes import Plain, Strict
from governance.models import Item, Request
from governance.services.bulk import MOST as MOST_AT_ONCE
from governance.services.bulk import BulkOutcome
from governance.services.items import MAX_ITEMS, NewItem
from governance.services.requests import MAX_TEXT
from governance.workflow import ItemState, State

STATES = [(s.value, s.words) for s in State]
ITEM_STATES = [(s.value, s.words) for s in ItemState]


# --- Going out --------------------------------------------------------------------------------


class RequestShown(serializers.ModelSerializer[Request]):
    """A request as lists show it."""

    state = serializers.ChoiceField(choices=STATES, read_only=True)
    author = PersonShown(read_only=True, allow_null=True)
    team = serializers.SlugField(source="team.slug", read_only=True)
    environment = serializers.SerializerMethodField()
    item_count = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField(help_text="Path of its page.")

    class Meta:
        model = Request
        fields = [
            "id",
            "title",
            "reason",
            "state",
            "state_at",
            "author",
            "author_name",
            "team",
            "environment",
            "revision",
            "item_count",
            "created_at",
            "submitted_at",
            "approved_at",
            "applied_at",
            "expires_at",
            "not_before",
            "scheduled_for",
            "break_glass",
            "review_due",
            "failure",
            "superseded_by",
            "replaces",
            "url",
        ]
        read_only_fields = fields

    def get_environment(self, request: Request) -> str | None:
        return request.environment.slug if request.environment else None

    def get_item_count(self, request: Request) -> int:
        counted = getattr(request, "item_count", None)  # annotated where many are listed
        return request.items.count() if counted is None else int(counted)

    def get_url(self, request: Request) -> str:
        return f"/requests/{request.pk}/"


class ItemShown(serializers.ModelSerializer[Item]):
    """One change of one thing."""

    state = serializers.ChoiceField(choices=ITEM_STATES, read_only=True)
    before = serializers.DictField(allow_null=True, read_only=True)
    after = serializers.DictField(read_only=True)
    outcome = serializers.DictField(read_only=True)

    class Meta:
        model = Item
        fields = [
            "position",
            "kind",
            "operation",
            "name",
            "place",
            "before",
            "after",
            "base_generation",
            "depends_on",
            "state",
            "attempts",
            "outcome",
            "error",
            "applied_at",
        ]
        read_only_fields = fields


class ItemPageShown(serializers.Serializer[Any]):
    """An item with its difference and what the rules said of it."""

    item = ItemShown(source="row")
    kind_title = serializers.CharField()
    url = serializers.CharField(help_text="Path of the object's page.")
    rows = DiffRowShown(many=True)
    effects = EffectShown(many=True, help_text="What it does while it is not applied yet.")
    findings = FindingShown(many=True)
    irreversible = serializers.ListField(child=serializers.CharField())


class AskedBy(serializers.ListField):
    """Versions of policies, as "name v2"."""

    child = serializers.CharField()

    def to_representation(self, data: Any) -> list[str]:
        return [f"{name} v{version}" for name, version in data]


class AgreementShown(serializers.Serializer[Any]):
    """One agreement that the revision needs."""

    role = serializers.CharField(source="requirement.role")
    who = serializers.CharField(help_text="The role in words.")
    reason = serializers.CharField(source="requirement.reason")
    policy = serializers.CharField(source="requirement.policy")
    policy_version = serializers.IntegerField(source="requirement.policy_version")
    also = AskedBy(source="requirement.also", help_text="Further policies that ask for it.")
    by = serializers.CharField(help_text="Who agreed; empty while nobody has.")
    could = serializers.ListField(child=serializers.CharField())
    you_could = serializers.BooleanField()


class NeedShown(serializers.Serializer[Any]):
    """Who would have to agree."""

    role = serializers.CharField()
    reason = serializers.CharField()
    policy = serializers.CharField()
    version = serializers.IntegerField()
    also = AskedBy(help_text="Further policies that ask for it.")


class EntryShown(serializers.Serializer[Any]):
    """One line of the timeline."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    sentence = serializers.CharField()
    body = serializers.CharField()
    kind = serializers.CharField()


class ProgressShown(serializers.Serializer[Any]):
    """How many items stand in each state."""

    pending = serializers.IntegerField()
    applying = serializers.IntegerField()
    applied = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    total = serializers.IntegerField()


class CanShown(serializers.Serializer[Any]):
    """What the caller may do with it now."""

    approve = serializers.BooleanField(source="can_approve")
    decide = serializers.BooleanField(source="can_decide")
    comment = serializers.BooleanField(source="can_comment")
    edit = serializers.BooleanField(source="can_edit")
    submit = serializers.BooleanField(source="can_submit")
    withdraw = serializers.BooleanField(source="can_withdraw")
    retry = serializers.BooleanField(source="can_retry")
    ask_again = serializers.BooleanField(source="can_ask_again")
    set_not_before = serializers.BooleanField(source="ways.can_set_not_before")
    break_glass = serializers.BooleanField(source="ways.can_break_glass")
    roll_back = serializers.BooleanField(source="ways.can_roll_back")
    replace = serializers.BooleanField(source="ways.can_replace")
    suggest = serializers.BooleanField(source="ways.can_suggest")
    why_not_approve = serializers.CharField(source="why_not")
    acting_as = serializers.CharField()
    acting_reason = serializers.CharField()


class WaitShown(serializers.Serializer[Any]):
    """What keeps it from being applied now: change windows, freezes, "not before"."""

    until = serializers.DateTimeField(
        source="waits_until", allow_null=True, help_text="Null: for nothing, or for ever."
    )
    why = serializers.CharField(source="waits_why", help_text="Empty: for nothing.")


class RequestPageShown(serializers.Serializer[Any]):
    """A request as a whole, as its page shows it."""

    request = RequestShown()
    items = ItemPageShown(many=True, help_text="The first 50; all are under …/items.")
    more_items = serializers.IntegerField()
    agreements = AgreementShown(many=True)
    foreseen = NeedShown(
        many=True,
        help_text="For those who may submit it, while it is written: who would have to agree.",
    )
    timeline = EntryShown(many=True)
    steps = StepShown(many=True)
    findings = FindingShown(many=True)
    progress = ProgressShown()
    waits = WaitShown(source="ways")
    changed = ChangedShown(
        source="ways.changed", many=True, help_text="Since the revision that the caller reviewed."
    )
    can = CanShown(source="*")
    live = serializers.BooleanField(help_text="A worker is on it: ask again shortly.")


class CommentShown(serializers.Serializer[Any]):
    """Something said about a request."""

    id = serializers.IntegerField()
    author = PersonShown(allow_null=True)
    author_name = serializers.CharField()
    body = serializers.CharField()
    created_at = serializers.DateTimeField()


class PreviewedItem(serializers.Serializer[Any]):
    """One item as it was understood."""

    position = serializers.IntegerField()
    kind = serializers.CharField()
    operation = serializers.CharField()
    name = serializers.CharField()
    place = serializers.CharField()
    environment = serializers.CharField()
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField()
    rows = DiffRowShown(many=True)
    effects = EffectShown(many=True)
    findings = FindingShown(many=True)


class PreviewProblem(serializers.Serializer[Any]):
    """What stands in the way, as in problem documents."""

    path = serializers.CharField()
    message = serializers.CharField()
    way_out = serializers.CharField()
    position = serializers.IntegerField()
    rule = serializers.CharField()


class PreviewShown(serializers.Serializer[Any]):
    """What a request would meet if it were submitted now. Nothing was stored."""

    items = PreviewedItem(many=True)
    problems = PreviewProblem(many=True)
    needs = NeedShown(many=True)
    steps = StepShown(many=True)


# --- Coming in --------------------------------------------------------------------------------


class ItemIn(Strict):
    """One change: what (kind, name), where (place), and how it should be (after)."""

    kind = serializers.CharField(max_length=40)
    operation = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=400)
    place = serializers.CharField(max_length=120, help_text="A cluster, or a registry context.")
    after = Plain(help_text="The spec that this kind takes.")

    def to_internal_value(self, data: Any) -> Any:
        read = super().to_internal_value(data)
        return NewItem(**read)


class ItemsField(serializers.ListSerializer[Any]):
    """The items of one request, in order."""

    def __init__(self, *, allow_empty: bool) -> None:
        super().__init__(child=ItemIn(), allow_empty=allow_empty, max_length=MAX_ITEMS)


class ItemsIn(Strict):
    """What is typed so far."""

    team = serializers.SlugField(max_length=63)
    items = ItemsField(allow_empty=True)


class DraftIn(Strict):
    """A new draft."""

    title = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, trim_whitespace=True
    )
    reason = serializers.CharField(
        max_length=MAX_TEXT, required=False, default="", allow_blank=True
    )
    team = serializers.SlugField(max_length=63)
    items = ItemsField(allow_empty=False)


class EditIn(Strict):
    """What replaces the request's content: whoever agreed to the revision before is asked again."""

    title = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    reason = serializers.CharField(
        max_length=MAX_TEXT, required=False, default="", allow_blank=True
    )
    items = ItemsField(allow_empty=False)
    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class DecisionIn(Strict):
    """A decision on the revision that was seen."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    comment = serializers.CharField(
        max_length=MAX_TEXT, required=False, default="", allow_blank=True
    )


class PickedIn(Strict):
    """A request, and the revision of it that was seen."""

    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    revision = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class PickedField(serializers.ListSerializer[Any]):
    """Some requests, not too many."""

    def __init__(self) -> None:
        super().__init__(child=PickedIn(), allow_empty=False, max_length=MOST_AT_ONCE)


class DecideManyIn(Strict):
    """One decision on several requests."""

    verdict = serializers.CharField(max_length=20, help_text="approve or decline.")
    comment = serializers.CharField(
        max_length=MAX_TEXT, required=False, default="", allow_blank=True
    )
    requests = PickedField()
    typed = serializers.IntegerField(
        required=False,
        default=None,
        allow_null=True,
        help_text="How many they are: asked for where some are in production or irreversible.",
    )


class DecidedShown(serializers.Serializer[Any]):
    """What became of one of them."""

    id = serializers.IntegerField(source="number")
    title = serializers.CharField()
    outcome = serializers.ChoiceField(choices=[(o.value, o.value) for o in BulkOutcome])
    why = serializers.CharField()


class DecidedManyShown(serializers.Serializer[Any]):
    """What became of each, in the order they were named."""

    results = DecidedShown(many=True)


class CommentIn(Strict):
    """Something to say."""

    body = serializers.CharField(max_length=MAX_TEXT)
