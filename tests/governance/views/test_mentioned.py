"""Mentions on a request's page: the person where there is one, and all else is escaped."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.models import User
from governance.services import requests
from governance.services.items import NewItem
from tests.factories import make_cast, make_environment
from tests.governance.api.conftest import user_of

pytestmark = pytest.mark.django_db


def test_people_are_named_and_everything_is_escaped() -> None:
    make_environment("dev", retention_limit_ms=None)
    cast = make_cast()
    User.objects.filter(username="owner").update(name="Ada <b>Brook</b>")
    item = NewItem("toy", "create", "bear", "shelf-dev", {"colour": "red"})
    made = requests.create_draft(
        title="Bear",
        reason="For @steward.\nSecond line.",
        team=cast.team,
        items=[item],
        by=cast.requester,
    )
    said = "@owner and @Owner and @nobody: <script>alert(1)</script> a@owner"
    requests.comment(made, body=said, by=cast.requester)
    client = Client()
    client.force_login(user_of(cast.requester))
    text = client.get(f"/requests/{made.pk}/").content.decode()
    person = '<span class="mention" title="@owner">Ada &lt;b&gt;Brook&lt;/b&gt;</span>'
    rest = " and @Owner and @nobody: &lt;script&gt;alert(1)&lt;/script&gt; a@owner"
    assert person + rest in text
    assert 'title="@steward">Steward</span>.<br>Second line.' in text
