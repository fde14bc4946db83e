"""Rows are loaded for somebody: unseen looks like absent, forbidden says who could."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import transaction

from governance import access, audit
from governance.actors import ANONYMOUS, Actor, system_actor
from governance.errors import NotAllowed, NotFound
from governance.models import Request, Team
from governance.permissions import Action
from tests.factories import make_cast, make_token

pytestmark = pytest.mark.django_db


@transaction.atomic
def make_request(team: Team, state: str = "in_review") -> Request:
    made = Request.objects.create(title="t", team=team, state=state)
    audit.record("request.created", by=system_actor(), about=made, request_id=made.pk)
    return made


def message(load: Callable[[], object], error: type[NotFound] | type[NotAllowed]) -> str:
    with pytest.raises(error) as raised:
        load()
    return raised.value.message


def test_a_draft_is_seen_by_its_team_and_by_those_who_watch_over_all() -> None:
    cast = make_cast()
    draft = make_request(cast.team, "draft")
    for actor in (cast.viewer, cast.requester, cast.owner, cast.platform, cast.auditor):
        assert access.get_request(actor, draft.pk) == draft
        assert draft in access.visible_requests(actor)
    for actor in (cast.outsider, cast.steward, ANONYMOUS):
        hidden = message(partial(access.get_request, actor, draft.pk), NotFound)
        absent = message(partial(access.get_request, actor, draft.pk + 1), NotFound)
        assert hidden.replace(str(draft.pk), "N") == absent.replace(str(draft.pk + 1), "N")
        assert draft not in access.visible_requests(actor)


def test_what_was_submitted_is_seen_by_everybody_signed_in_and_changed_by_few() -> None:
    cast = make_cast()
    asked = make_request(cast.team)
    assert access.get_request(cast.outsider, asked.pk, Action.COMMENT) == asked
    refused = message(lambda: access.get_request(cast.outsider, asked.pk, Action.EDIT), NotAllowed)
    assert refused == (
        "You cannot edit a request of payments: "
        "this takes a requester, approver or owner of payments."
    )
    assert access.get_request(cast.requester, asked.pk, Action.EDIT) == asked
    assert not access.visible_requests(ANONYMOUS).exists()


def test_teams_are_seen_by_everybody_signed_in_and_managed_by_their_owners() -> None:
    cast = make_cast()
    assert access.get_team(cast.outsider, "payments") == cast.team
    assert access.get_team(cast.owner, "payments", Action.MANAGE_MEMBERS) == cast.team
    assert "an owner of payments or the platform team" in message(
        lambda: access.get_team(cast.outsider, "payments", Action.MANAGE_MEMBERS), NotAllowed
    )
    assert message(lambda: access.get_team(cast.owner, "nowhere"), NotFound)
    assert message(lambda: access.get_team(ANONYMOUS, "payments"), NotFound)


def test_tokens_of_other_teams_look_like_none() -> None:
    cast = make_cast()
    made, _ = make_token("payments")
    number = made.pk
    for actor in (cast.viewer, cast.owner, cast.platform, cast.auditor):
        assert access.get_token(actor, number).pk == number
    for actor in (cast.outsider, cast.steward, ANONYMOUS):
        assert message(partial(access.get_token, actor, number), NotFound)
        assert not access.visible_tokens(actor).exists()
    assert "an owner of payments" in message(
        lambda: access.get_token(cast.viewer, number, Action.MANAGE_TOKENS), NotAllowed
    )


def test_the_audit_is_read_by_auditors_and_platform_and_says_so_to_others() -> None:
    cast = make_cast()
    for actor in (cast.auditor, cast.platform):
        assert access.visible_events(actor).exists()
    actors: list[Actor] = [cast.owner, cast.steward, cast.outsider]
    for actor in actors:
        refused = message(partial(access.visible_events, actor), NotAllowed)
        assert "this takes the platform team or an auditor" in refused
