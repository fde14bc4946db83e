"""Filters of lists. The library carries no types, so it is met here and nowhere else.

Its own fields let through what they cannot read, as if nothing had been asked: a list that is
longer than wanted looks like an answer. Those of this module say what they take instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters.rest_framework  # type: ignore[import-untyped]  # carries no types
from django import forms
from django.core.exceptions import ValidationError
from rest_framework.request import Request

from governance.actors import Actor
from governance.middleware import actor_of

_FLAGS = {"true": True, "false": False}


class FlagField(forms.Field):
    """``true`` or ``false``, in whatever case."""

    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        try:
            return _FLAGS[str(value).lower()]
        except KeyError:
            raise ValidationError(f"{value} is neither true nor false.") from None


class WholeField(forms.IntegerField):
    """A whole number."""

    def to_python(self, value: Any) -> int | None:
        try:
            return super().to_python(value)
        except ValidationError:
            raise ValidationError(f"{value} is no whole number.") from None


class Flag(django_filters.BooleanFilter):  # type: ignore[misc]  # untyped
    """Yes or no."""

    field_class = FlagField


class Number(django_filters.NumberFilter):  # type: ignore[misc]  # untyped
    """A whole number."""

    field_class = WholeField


def Moment(*args: Any, **kwargs: Any) -> Any:
    """A point in time."""
    words = "This is no time. Write it as 2026-11-25T09:00:00Z."
    return django_filters.IsoDateTimeFilter(*args, error_messages={"invalid": words}, **kwargs)


def Choices(*args: Any, choices: Sequence[Any], **kwargs: Any) -> Any:
    """One of a few values, or several of them."""
    known = ", ".join(str(choice[0]) for choice in choices)
    words = {"invalid_choice": f"%(value)s is none of these: {known}."}
    return django_filters.MultipleChoiceFilter(
        *args, choices=choices, error_messages=words, **kwargs
    )


Text: Any = django_filters.CharFilter


class Filters(django_filters.FilterSet):  # type: ignore[misc]  # untyped
    """A set of filters; methods of it find the caller in `actor`."""

    request: Request

    @property
    def actor(self) -> Actor:
        """Who asks for the list."""
        return actor_of(self.request._request)
