"""Values that come in: what all serializers for bodies share."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class Strict(serializers.Serializer[Any]):
    """Values that come in: a field that does not exist is an error, since a typing error in the
    name of an optional field would otherwise be obeyed as its default."""

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        for field in fields.values():
            _name_choices(getattr(field, "child", field))
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                known = ", ".join(n for n, f in self.fields.items() if not f.read_only) or "none"
                raise serializers.ValidationError(
                    {
                        name[:100]: f"There is no such field. Fields: {known}."
                        for name in unknown[:20]
                    }
                )
        return super().to_internal_value(data)


def _name_choices(field: Any) -> None:
    """Lets a field with a few values say which they are."""
    if isinstance(field, serializers.ChoiceField):
        known = ", ".join(str(choice) for choice in field.choices)
        field.error_messages["invalid_choice"] = f"{{input!r}} is none of these: {known}."


class Nothing(Strict):
    """A body without fields: ``{}``, or no body at all."""


class Plain(serializers.JSONField):
    """Any JSON object, as it is: the spec of a kind."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise serializers.ValidationError("This must be an object.")
        return data
