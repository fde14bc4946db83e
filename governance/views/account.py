"""One's own account: what one is, and one's password."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import auth, messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from governance.errors import Invalid
from governance.forms import OwnPasswordForm, refuse
from governance.models import User
from governance.services import people
from governance.views.pages import PageRequest, go, page, show
from governance.views.people import row_of


@sensitive_post_parameters("old", "new", "again")
@page
@require_http_methods(["GET", "POST"])
def account(request: PageRequest) -> HttpResponse:
    """Who one is; a POST changes one's password, and this session goes on."""
    form = OwnPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        address = request.META.get("REMOTE_ADDR", "")
        try:
            user = people.change_own_password(
                old=typed["old"], new=typed["new"], by=request.actor, address=address
            )
        except Invalid as error:
            refuse(form, error)
        else:
            auth.update_session_auth_hash(request, user)
            said = "Your new password holds. Your other sessions have ended; this one goes on."
            messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
            return go(request, reverse("account"))
    own = User.objects.prefetch_related("org_roles", "memberships__team")
    context = {"person": row_of(own.get(username=request.actor.name)), "form": form}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "account/detail.html", context, status=status)
