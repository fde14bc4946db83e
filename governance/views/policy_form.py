"""The form of a policy: write one, change it, try it out on all there is."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from governance import access, kinds, lookups
from governance.errors import Conflict, NotFound, Problem, Refused
from governance.models import Policy
from governance.permissions import Action, demand
from governance.policy.facts import catalog
from governance.policy_form import PolicyForm, initial_of
from governance.services import policies, simulations
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show


@page
@require_http_methods(["GET", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """A new policy."""
    return _form(request, None)


@page
@require_http_methods(["GET", "POST"])
def change(request: PageRequest, name: str) -> HttpResponse:
    """A new version of a policy, from the newest one; or with ``?draft=`` from a simulation."""
    found = lookups.policies().filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no policy called {name}. See the list of policies.")
    return _form(request, found)


@page
@require_GET
def facts(request: PageRequest, kind: str) -> HttpResponse:
    """What a condition on that kind may read."""
    context = {"kind": kinds.get(kind).name, "facts": sorted_facts(kind)}
    return show(request, "policies/facts.html", context, fragment="policies/_facts.html")


def sorted_facts(kind: str) -> list[object]:
    """Facts of a kind by name."""
    known = catalog(kind)
    return [known[name] for name in sorted(known)]


def _form(request: PageRequest, found: Policy | None) -> HttpResponse:
    demand(request.actor, Action.MANAGE_POLICIES, "policy")
    if request.method != "POST":
        typed = carried.initial(request) or _initial(request, found)
        return _shown(request, PolicyForm(initial=typed, known=found is not None), found)
    form = PolicyForm(request.POST, known=found is not None)
    if not form.is_valid():
        return _shown(request, form, found)
    text = form.text(found.name if found is not None else "")
    do = request.POST.get("do", "")
    try:
        if do == "simulate":
            made = simulations.start(text, by=request.actor)
            return go(request, reverse("simulation", args=[made.pk]))
        if found is None and Policy.objects.filter(name=text.name).exists():
            raise Refused("", [Problem("name", f"There is a policy {text.name} already.")])
        version = policies.write_version(text, by=request.actor, activate=do == "activate")
    except Refused as error:
        for problem in error.problems or [Problem("", error.message)]:
            form.refuse(problem)
        return _shown(request, form, found)
    except Conflict as error:
        form.refuse(Problem("", error.message))
        return _shown(request, form, found)
    said = (
        f"Version {version.version} of {text.name} is {'in force' if version.active else 'saved'}."
    )
    messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("policy", args=[text.name]))


def _initial(request: PageRequest, found: Policy | None) -> dict[str, object]:
    draft = request.GET.get("draft", "")
    if draft.isascii() and draft.isdigit() and len(draft) < 19:
        return initial_of(simulations.draft_of(access.get_simulation(request.actor, int(draft))))
    if found is None:
        return {"kind": request.GET.get("kind", "topic")}
    newest = found.versions.order_by("-version").first()
    if newest is None:
        return {"name": found.name, "owner": found.owner}
    newest.policy = found
    return initial_of(policies.text_of(newest))


def _shown(request: PageRequest, form: PolicyForm, found: Policy | None) -> HttpResponse:
    kind = str(form["kind"].value() or "")
    known = {one.name for one in kinds.every()}
    context = {
        "form": form,
        "found": found,
        "kind": kind if kind in known else "",
        "facts": sorted_facts(kind) if kind in known else [],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "policies/form.html", context, status=status)
