"""What all views of the API share: the actor, paging, and values in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.actors import Actor
from governance.api.errors import BadAddress, LengthRequired
from governance.api.openapi import Description
from governance.api.paging import PAGING
from governance.api.parsing import BoundedJsonParser, JsonOnly
from governance.middleware import actor_of
from governance.permissions import Action, demand

Shape = type[serializers.BaseSerializer[Any]]


class ApiView(generics.GenericAPIView[Any]):
    """A view of the API.

    `kind` is what it is about, in the words of the permission matrix: nothing is read or written
    by somebody who may not even see that kind.
    """

    kind: ClassVar[str] = "request"
    # What a list may be asked with beyond its filters and its pages.
    parameters: ClassVar[tuple[str, ...]] = ()
    parser_classes = [BoundedJsonParser]
    content_negotiation_class = JsonOnly
    schema = Description()
    metadata_class = None
    http_method_names = ["get", "head", "post", "put", "delete"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        _check_address(request._request, kwargs)
        _check_length(request._request)
        super().initial(request, *args, **kwargs)
        self.enter(self.actor)

    def enter(self, actor: Actor) -> None:
        """Raises NotAllowed for an actor who has no business here, whatever the object."""
        demand(actor, Action.VIEW, self.kind)

    @property
    def actor(self) -> Actor:
        """Who calls."""
        return actor_of(self.request._request)

    def values(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The body, read by that serializer. Raises ValidationError."""
        read = serializer(data=self.request.data, context=self.get_serializer_context())
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def listed(
        self,
        rows: QuerySet[Any] | Sequence[Any],
        serializer: Shape,
        prepare: Callable[[Sequence[Any]], Sequence[Any]] = list,
    ) -> Response:
        """One page of the rows; those of a query are narrowed by the view's filters first.
        `prepare` reads what else is shown of the rows of this page."""
        self._check_parameters()
        if isinstance(rows, QuerySet):
            rows = self.filter_queryset(rows)
        page = prepare(self.paginate_queryset(rows) or [])
        shown: Any = serializer(page, many=True, context=self.get_serializer_context())
        return self.get_paginated_response(shown.data)

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """The value of a parameter that is one of a few; the first where it was not sent."""
        chosen = self.request.query_params.get(name, choices[0])
        if chosen not in choices:
            known = ", ".join(choices)
            raise BadAddress(f"{name} cannot be {chosen[:80]!r}: choose one of {known}.", path=name)
        return chosen

    def _check_parameters(self) -> None:
        """Refuses a parameter that would change nothing: whoever sent it expects that it does."""
        filters = self.filterset_class.base_filters if hasattr(self, "filterset_class") else {}
        known = {*filters, *self.parameters, *PAGING}
        for name in self.request.query_params:
            if name not in known:
                takes = ", ".join(sorted(known))
                raise BadAddress(
                    f"This list knows no parameter {name[:80]!r}; it takes {takes}.",
                    path=name[:80],
                )

    def shown(
        self, serializer: Shape, value: Any, status: int = 200, *, many: bool = False
    ) -> Response:
        """One value, or a few of them."""
        out: Any = serializer(value, many=many, context=self.get_serializer_context())
        return Response(out.data, status=status)


def _check_length(request: HttpRequest) -> None:
    """Refuses a body of unknown length, of which WSGI would show nothing."""
    if request.headers.get("Transfer-Encoding") and not request.headers.get("Content-Length"):
        raise LengthRequired(
            "The body came in chunks, without its length. Send Content-Length, as most clients do "
            "when the body is no stream."
        )


def _check_address(request: HttpRequest, parts: dict[str, Any]) -> None:
    """Refuses what no name holds and PostgreSQL cannot even compare with."""
    texts = [v for v in parts.values() if isinstance(v, str)]
    for values in request.GET.lists():
        texts += [values[0], *values[1]]
    for text in texts:
        if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise BadAddress(
                "The address holds a character that no name can hold (NUL, or half of a "
                "surrogate pair). Remove it."
            )
