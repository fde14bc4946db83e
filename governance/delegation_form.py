"""How a person hands her approvals over. The form judges nothing: the service does."""

from __future__ import annotations

from typing import Any

from django import forms

from governance.forms import Styled
from governance.permissions import role_in_words
from governance.services.delegations import MAX_REASON


class DelegationForm(Styled):
    """To whom, for which of one's roles, from when until when."""

    to = forms.CharField(
        label="To",
        max_length=150,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="Who decides for you: the name that this person signs in as.",
    )
    roles = forms.MultipleChoiceField(
        label="Decides as",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    begins = forms.CharField(
        label="From", max_length=40, required=False, help_text="A day as 2026-12-20. Empty: now."
    )
    ends = forms.CharField(
        label="Until",
        max_length=40,
        help_text="A day as 2027-01-06, that day included, or a length as 14 d.",
    )
    zone = forms.CharField(
        label="By the clock of", max_length=64, help_text="A time zone, as Europe/Berlin."
    )
    reason = forms.CharField(
        label="What for", max_length=MAX_REASON, help_text="Everybody reads it: holiday."
    )

    def __init__(self, *args: Any, roles: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["roles"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 -- for the type checker
        field.choices = [(role, role_in_words(role)) for role in roles]
        field.initial = roles
