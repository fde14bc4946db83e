"""The notices of the inbox, and how one wants to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from governance import queries
from governance.errors import Invalid
from governance.forms import NoticeChoiceForm, refuse
from governance.models import Notification
from governance.notices.table import SORTS, Sort
from governance.services import notices as service
from governance.views.account import account_page
from governance.views.pages import PageRequest, go, page, show
from governance.views.paging import by_number, narrowed_by
from governance.views.requests import inbox_tabs


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice as the list prints it."""

    notice: Notification
    sort: str


@page
@require_GET
def notices(request: PageRequest) -> HttpResponse:
    """What this person was told, unread first."""
    choices = {"show": {"unread"}, "sort": {sort.value for sort in Sort}}
    narrow = narrowed_by(request, [], choices)
    found = queries.notices(request.actor)
    if narrow["show"]:
        found = found.filter(unread=True)
    if narrow["sort"]:
        found = found.filter(sort=narrow["sort"])
    listed = by_number(request, found, one="notice")
    context = {
        "tabs": inbox_tabs(request, "notices"),
        "narrow": narrow,
        "narrowed": any(narrow.values()),
        "listed": listed,
        "rows": _rows(listed.rows),
        "newest": max((notice.pk for notice in listed.rows), default=0),
        "any_unread": any(notice.unread for notice in listed.rows),
        "sorts": [(sort.value, title) for sort, (title, _, _) in SORTS.items()],
        "shows": [("unread", "Unread")],
    }
    return show(request, "notices/list.html", context, fragment="notices/_table.html")


@page
@require_POST
def read(request: PageRequest) -> HttpResponse:
    """Marks one notice as read (`id`), or all up to the newest one that was shown (`until`) that
    the list was narrowed to (`sort`)."""
    one, until = _number(request, "id"), _number(request, "until")
    sort = request.POST.get("sort", "")
    if one:
        service.mark_read([one], by=request.actor)
    elif until and sort in {"", *Sort}:
        service.mark_read(by=request.actor, until=until, sort=sort)
    back = request.POST.get("next", "")
    local = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return go(request, back if local and back.startswith("/inbox/") else reverse("notices"))


@page
@require_POST
def choose(request: PageRequest) -> HttpResponse:
    """Stores by which way one is told of what; refused, the account's page says why."""
    form = NoticeChoiceForm(request.POST)
    if form.is_valid():
        typed = form.cleaned_data
        try:
            service.choose(
                form.channels(),
                digest_hour=typed["digest_hour"],
                time_zone=typed["time_zone"],
                by=request.actor,
            )
        except Invalid as error:
            refuse(form, error)
        else:
            said = "From now on you are told as you chose."
            messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
            return go(request, reverse("account") + "#notices")
    return account_page(request, notice_form=form)


def _rows(found: Sequence[Notification]) -> list[NoticeRow]:
    titles = {sort.value: title for sort, (title, _, _) in SORTS.items()}
    return [NoticeRow(notice, titles.get(notice.sort, notice.sort)) for notice in found]


def _number(request: PageRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
