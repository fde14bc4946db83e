"""Filters of lists. The library carries no types, so it is met here and nowhere else."""

from __future__ import annotations

from typing import Any

import django_filters  # type: ignore[import-untyped]  # carries no types
from rest_framework.request import Request

from governance.actors import Actor
from governance.middleware import actor_of

Choices: Any = django_filters.MultipleChoiceFilter
Flag: Any = django_filters.BooleanFilter
Moment: Any = django_filters.IsoDateTimeFilter
Number: Any = django_filters.NumberFilter
Text: Any = django_filters.CharFilter


class Filters(django_filters.FilterSet):  # type: ignore[misc]  # ditto
    """A set of filters; methods of it find the caller in `actor`."""

    request: Request

    @property
    def actor(self) -> Actor:
        """Who asks for the list."""
        return actor_of(self.request._request)
