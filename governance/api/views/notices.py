"""One's own notices: what there is, marking them as read, and how one is told."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import queries
from governance.actors import Actor
from governance.api.base import ApiView
from governance.api.filters import Choices, Filters, Flag
from governance.api.idempotency import repeatable
from governance.api.serializers import notices as shapes
from governance.errors import NotAllowed
from governance.models import Notification
from governance.services import notices


class NoticeFilter(Filters):
    """Narrows the list of notices."""

    unread = Flag(field_name="unread", label="Only those not read yet, or only read ones.")
    sort = Choices(choices=shapes.SORT_CHOICES, label="Of one of the sorts.")

    class Meta:
        model = Notification
        fields: list[str] = []


class NoticeView(ApiView):
    """A view for people: programs are told by webhooks."""

    queryset: QuerySet[Notification] = Notification.objects.none()

    def enter(self, actor: Actor) -> None:
        super().enter(actor)
        if actor.user_id is None:
            raise NotAllowed(
                "Notices are people's: sign in as a person. A program is told by a webhook."
            )


class NoticeList(NoticeView):
    """What the caller was told."""

    filterset_class = NoticeFilter

    @extend_schema(operation_id="notices_list", responses=shapes.NoticeShown(many=True))
    def get(self, request: Call) -> Response:
        """Your notices, unread first, then newest first."""
        return self.listed(queries.notices(self.actor), shapes.NoticeShown)


class NoticesRead(NoticeView):
    """Marking as read."""

    @extend_schema(
        operation_id="notices_read", request=shapes.ReadIn, responses={200: shapes.ReadShown}
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """Marks notices of yours as read; ids that are none of yours change nothing."""
        typed = self.values(shapes.ReadIn)
        marked = notices.mark_read(typed["ids"], until=typed["until"], by=self.actor)
        return self.shown(shapes.ReadShown, {"marked": marked})


class NoticeChoice(NoticeView):
    """By which way the caller is told of what."""

    @extend_schema(operation_id="notices_choice", responses={200: shapes.ChoiceShown})
    def get(self, request: Call) -> Response:
        """How you are told of things."""
        assert self.actor.user_id is not None  # noqa: S101 -- `enter` saw to it
        return self.shown(shapes.ChoiceShown, notices.choice_of(self.actor.user_id))

    @extend_schema(
        operation_id="notices_choose",
        request=shapes.ChoiceIn,
        responses={200: shapes.ChoiceShown},
    )
    def put(self, request: Call) -> Response:
        """Changes how you are told of things."""
        typed = self.values(shapes.ChoiceIn)
        return self.shown(shapes.ChoiceShown, notices.choose(**typed, by=self.actor))
