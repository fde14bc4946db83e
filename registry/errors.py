"""Everything that the wire API can answer other than yes, as typed errors.

Each class carries the number that clients know it by (`code`, five digits where the first three
are the HTTP status) and one sentence. The numbers and the shape of the sentences are part of the
wire API; the edge (`rest/errors.py`) turns any of them into an answer in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class RegistryError(Exception):
    """Base of all expected failures; `retryable` says whether the same call may succeed later."""

    code: ClassVar[int]
    retryable: ClassVar[bool] = False
    retry_after: int = 0  # seconds after which the same call may do better; 0 says nothing

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def _shown(name: str) -> str:
    """A name as messages show it; nobody needs all of a very long one."""
    return name if len(name) <= 1100 else f"{name[:1100]}…"


class UnknownPath(RegistryError):
    code = 404

    def __init__(self) -> None:
        super().__init__("HTTP 404 Not Found")


class MethodNotAllowed(RegistryError):
    code = 405

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__("HTTP 405 Method Not Allowed")
        self.allowed = tuple(allowed)


class NotAcceptable(RegistryError):
    code = 406

    def __init__(self) -> None:
        super().__init__("HTTP 406 Not Acceptable")


class BodyTooLarge(RegistryError):
    code = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes: send a smaller one.")


class UnsupportedMediaType(RegistryError):
    code = 415

    def __init__(self) -> None:
        super().__init__("HTTP 415 Unsupported Media Type")


class Malformed(RegistryError):
    """A body that is not the JSON it should be, or a path that cannot be read."""

    code = 400


class Unauthenticated(RegistryError):
    code = 401

    def __init__(
        self,
        message: str = "This registry wants a service token: send it as the password of HTTP "
        "basic authentication, or as a bearer token.",
    ) -> None:
        super().__init__(message)


class Forbidden(RegistryError):
    code = 403


class ByRequest(RegistryError):
    """The place changes by request only, and the message says how that stands or how to ask.

    403, since no other status makes clients do the right thing: 409 reads as incompatible, 422 as a
    broken schema, and 429 and 5xx are sent again and again. And 403 itself as the code, not one of
    five digits: Java's serializers then throw the message itself, as an error of configuration,
    which stops a connector in place of letting it skip records.
    """

    code = 403

    def __init__(self, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PolicyObjects(RegistryError):
    """A policy denies it. 409, as for what is incompatible: the schema has to become another."""

    code = 409


class TooManyRequests(RegistryError):
    """Its caller is over the limit of requests a second."""

    code = 429

    def __init__(self, who: str, rate: int, retry_after: int) -> None:
        super().__init__(
            f"{who} sends more than the {rate} requests a second that it may: try again in "
            f"{retry_after} s."
        )
        self.retry_after = retry_after


class MissingBody(RegistryError):
    code = 422

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} must not be null (was null)")


class SubjectNotFound(RegistryError):
    code = 40401

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{_shown(subject)}' not found.")
        self.subject = subject


class VersionNotFound(RegistryError):
    code = 40402

    def __init__(self, version: int) -> None:
        super().__init__(f"Version {version} not found.")
        self.version = version


class SchemaNotFound(RegistryError):
    code = 40403

    def __init__(self, which: int | str | None = None) -> None:
        super().__init__("Schema not found" if which is None else f"Schema {which} not found")


class SubjectSoftDeleted(RegistryError):
    code = 40404

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"Subject '{subject}' was soft deleted.Set permanent=true to delete permanently"
        )


class SubjectNotSoftDeleted(RegistryError):
    code = 40405

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"Subject '{subject}' was not deleted first before being permanently deleted"
        )


class VersionSoftDeleted(RegistryError):
    code = 40406

    def __init__(self, subject: str, version: int) -> None:
        super().__init__(
            f"Subject '{subject}' Version {version} was soft deleted."
            "Set permanent=true to delete permanently"
        )


class VersionNotSoftDeleted(RegistryError):
    code = 40407

    def __init__(self, subject: str, version: int) -> None:
        super().__init__(
            f"Subject '{subject}' Version {version} was not deleted first before being "
            "permanently deleted"
        )


class ConfigNotSet(RegistryError):
    code = 40408

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"Subject '{_shown(subject)}' does not have subject-level compatibility configured"
        )


class ModeNotSet(RegistryError):
    code = 40409

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{_shown(subject)}' does not have subject-level mode configured")


class AssociationNotFound(RegistryError):
    code = 40410

    def __init__(self, resource: str) -> None:
        super().__init__(f"Association for '{_shown(resource)}' not found.")


class Incompatible(RegistryError):
    """`details` is the verbose list of the compatibility API; `words` says it for people."""

    code = 40901

    def __init__(self, subject: str, details: Sequence[str], words: Sequence[str] = ()) -> None:
        said = f" In words: {'; '.join(words)}." if words else ""
        super().__init__(
            "Schema being registered is incompatible with an earlier schema for subject "
            f'"{subject}", details: [{", ".join(details)}]{said}'
        )
        self.details = tuple(details)
        self.words = tuple(words)


class ResourceAssociated(RegistryError):
    """The resource has an association of that type already, and another one."""

    code = 40903

    def __init__(self, type_: str, resource: str) -> None:
        super().__init__(
            f"An association of type '{type_}' already exists for resource '{resource}'"
        )


class SubjectAssociated(RegistryError):
    code = 40904

    def __init__(self, subject: str) -> None:
        super().__init__(f"An association already exists for subject '{subject}'")


class SubjectOwned(RegistryError):
    """A strong association stands: the subject is one topic's own."""

    code = 40905

    def __init__(self, subject: str) -> None:
        super().__init__(f"A strong association already exists for subject '{subject}'")


class NoLiveVersion(RegistryError):
    """An associated subject needs a version that is not deleted."""

    code = 40907

    def __init__(self, subject: str) -> None:
        super().__init__(f"No active (non-deleted) version exists for subject '{subject}'")


class AssociationFrozen(RegistryError):
    code = 40908

    def __init__(self, type_: str, subject: str) -> None:
        super().__init__(f"The association of type  '{type_}' is frozen for subject '{subject}'")


class InvalidSchema(RegistryError):
    """The text is no schema of its type. `reason` alone is what `verbose=true` answers."""

    code = 42201

    def __init__(self, reason: str, *, subject: str | None = None, schema_type: str = "") -> None:
        where = f" for subject '{subject}'" if subject is not None else ""
        kind = f" of type {schema_type}" if schema_type else ""
        super().__init__(f"Invalid schema{where}{kind}, details: {reason}")
        self.reason = reason


class Unresolved(InvalidSchema):
    """The text is well-formed, and names a schema that is nowhere."""


class InvalidVersion(RegistryError):
    code = 42202

    def __init__(self, version: str) -> None:
        super().__init__(
            f"The specified version '{version}' is not a valid version id. Allowed values are "
            'between [1, 2^31-1] and the string "latest"'
        )


class InvalidLevel(RegistryError):
    code = 42203

    def __init__(self) -> None:
        super().__init__(
            "Invalid compatibility level. Valid values are none, backward, forward, full, "
            "backward_transitive, forward_transitive, and full_transitive"
        )


class InvalidMode(RegistryError):
    code = 42204

    def __init__(self) -> None:
        super().__init__("Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")


class NotPermitted(RegistryError):
    """The mode in scope forbids the operation."""

    code = 42205


class Referenced(RegistryError):
    code = 42206

    def __init__(self, subject: str, version: int | None = None) -> None:
        which = (
            subject
            if version is None
            else f"{{magic=1,keytype=SCHEMA,subject={subject},version={version}}}"
        )
        super().__init__(f"One or more references exist to the schema {which}.")


class InvalidSubject(RegistryError):
    code = 42208

    def __init__(self, subject: str) -> None:
        super().__init__(f"The specified subject '{_shown(subject)}' is not a valid.")


class SchemaTooLarge(RegistryError):
    code = 42209

    def __init__(self, limit: int) -> None:
        super().__init__(
            "Register operation failed because schema is too large: the limit is "
            f"{limit} bytes of text"
        )


class InvalidRuleSet(RegistryError):
    code = 42210


class ContextNotEmpty(RegistryError):
    code = 42211

    def __init__(self, context: str) -> None:
        super().__init__(f"The specified context '{context}' is not empty.")


class InvalidAssociation(RegistryError):
    code = 42212

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(
            f"The association specified an invalid value for property: '{member}', detail: {detail}"
        )


class StoreBusy(RegistryError):
    """Others kept changing the same subject, or the store did not answer in time."""

    code = 50002
    retryable = True


class StoreFailed(RegistryError):
    code = 50001
    retryable = True
