"""What the OpenAPI document says beyond the views' own words."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from governance.api.idempotency import HEADER, LONGEST, MARK
from governance.api.problems import MEDIA_TYPE
from governance.api.serializers.problems import ProblemShown
from governance.api.shapes import Strict

PROBLEM = OpenApiResponse(ProblemShown, "Why it was not done. /api/v1/problems lists the codes.")
ERRORS = ("4XX", "5XX")


class Description(AutoSchema):
    """Each operation can answer with a problem document; writes may carry an Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        if not self._repeatable():
            return []
        return [
            OpenApiParameter(
                HEADER,
                {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]+$"},
                OpenApiParameter.HEADER,
                description="Lets this call be repeated for 24 hours without happening twice.",
            )
        ]

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/").split("/")
        return [parts[0]]

    def _get_serializer_name(self, serializer: Any, direction: Any, *args: Any) -> str:
        """Names without our suffixes, which tell apart what goes out and what comes in."""
        name: str = super()._get_serializer_name(serializer, direction, *args)
        return name.removesuffix("Shown").replace("InRequest", "Input")

    def _repeatable(self) -> bool:
        method = getattr(self.view, self.method.lower(), None)
        return getattr(method, MARK, False)

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        problem: Any = self._get_response_for_code
        for code in ERRORS:
            bodies[code] = problem(PROBLEM, code, [MEDIA_TYPE])
        return bodies

    def _map_serializer(
        self, serializer: Any, direction: Any, bypass_extensions: bool = False
    ) -> Any:
        described: Any = super()._map_serializer  # the library leaves it untyped
        schema = described(serializer, direction, bypass_extensions)
        if isinstance(serializer, Strict) and schema.get("type") == "object":
            schema["additionalProperties"] = False
        return schema


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How the document calls service tokens."""

    target_class = "governance.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A service token, weir_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How the document calls the session of the pages."""

    target_class = "governance.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of the pages; writes need X-CSRFToken too.",
        }
