"""The sandbox: would this schema follow that one? Nothing is stored."""

from __future__ import annotations

import re
import shlex
from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from governance.forms import NameInput, Styled
from governance.permissions import Action, demand
from governance.views import carried
from governance.views.pages import PageRequest, page, show
from registry import trial
from registry.addresses import subject_url
from registry.candidates import Asked
from registry.formats import base
from registry.formats.base import LIMITS, Reference
from registry.naming import qualify
from registry.trial import Trial, Unreadable

_VERSION = re.compile(r"-1|[0-9]{1,9}")
_CODE = {"class": "mono code", "spellcheck": "false", "autocomplete": "off"}


class SandboxForm(Styled):
    """What is to be compared: a text with a subject, or with another text."""

    subject = forms.CharField(
        label="Subject",
        required=False,
        strip=False,
        max_length=1200,
        widget=NameInput(),
        help_text="Compared with its versions. In another context: :.context:name.",
    )
    format = forms.ChoiceField(
        label="Format", choices=lambda: [(f.name, f.title) for f in base.every()], initial="AVRO"
    )
    schema = forms.CharField(
        label="New schema",
        strip=False,
        max_length=LIMITS.text_bytes,
        widget=forms.Textarea({"rows": 14, **_CODE}),
    )
    earlier = forms.CharField(
        label="Earlier schema",
        required=False,
        strip=False,
        max_length=LIMITS.text_bytes,
        widget=forms.Textarea({"rows": 14, **_CODE}),
    )
    references = forms.CharField(
        label="References of the new schema",
        required=False,
        max_length=100_000,
        widget=forms.Textarea({"rows": 2, "class": "mono", "spellcheck": "false"}),
        help_text="One a line: the name in the schema, the subject, the version. In quotes where "
        "there is a space in it.",
    )

    def clean_references(self) -> tuple[Reference, ...]:
        found = []
        for line in str(self.cleaned_data["references"]).splitlines():
            try:
                parts = shlex.split(line)
            except ValueError:  # a quote without its other half
                parts = [line]
            if not parts:
                continue
            if len(parts) != 3 or not _VERSION.fullmatch(parts[2]):
                raise forms.ValidationError(
                    f"“{line[:100]}” is not a name, a subject and a version. Write for example "
                    "“com.acme.Money money-value 2”."
                )
            found.append(Reference(parts[0], parts[1], int(parts[2])))
        return tuple(found)

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        said = self.errors.keys() & {"subject", "earlier"}
        if not said and not typed["subject"] and not typed["earlier"].strip():
            self.add_error("subject", "Name a subject, or write an earlier schema to compare with.")
        return typed


@page
@require_http_methods(["GET", "POST"])
def sandbox(request: PageRequest) -> HttpResponse:
    """``?subject=`` fills that in; the form is sent back with the verdict below it."""
    demand(request.actor, Action.READ_REGISTRY, "subject")
    if request.method == "GET":
        begun = trial.begun(qualify(request.GET.get("subject", "")[:1200]))
        form = SandboxForm(initial=carried.initial(request) or begun)
        return show(request, "subjects/sandbox.html", {"form": form})
    form = SandboxForm(request.POST)
    tried: Trial | None = None
    if form.is_valid():
        try:
            tried = _tried(form.cleaned_data)
        except Unreadable as error:
            form.add_error(error.field, error.message)
    target = tried.subject if tried else None
    context = {
        "form": form,
        "tried": tried,
        "subject_url": subject_url(target) if target else "",
    }
    status = HTTPStatus.OK if tried else HTTPStatus.UNPROCESSABLE_ENTITY
    return show(request, "subjects/sandbox.html", context, status=status)


def _tried(typed: dict[str, Any]) -> Trial:
    if not typed["subject"]:
        return trial.after(typed["format"], typed["earlier"], typed["schema"], typed["references"])
    asked = Asked(typed["schema"], typed["format"], typed["references"])
    return trial.in_subject(qualify(typed["subject"]), asked)
