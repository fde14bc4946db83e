"""What can be wrong with a call itself, before any service is asked."""

from __future__ import annotations

from governance.errors import WeirError


class BodyTooLarge(WeirError):
    """The body is larger than this installation reads."""

    code = "body_too_large"


class LengthRequired(WeirError):
    """The body came in chunks, so its length is not known."""

    code = "length_required"


class BadBody(WeirError):
    """The body is no JSON, or JSON that nothing here can hold."""

    code = "bad_body"


class BadAddress(WeirError):
    """The path or the query holds what no name can hold, or a parameter cannot be read."""

    code = "bad_address"


class BadHeader(WeirError):
    """A header cannot be used as it is."""

    code = "bad_header"


class CsrfFailed(WeirError):
    """A write within a browser session came without its CSRF token."""

    code = "csrf_failed"


class RevisionRequired(WeirError):
    """Neither If-Match nor `revision` says which revision the caller saw."""

    code = "revision_required"


class RevisionPassed(WeirError):
    """If-Match names a revision that no longer stands."""

    code = "revision_passed"


class KeyReused(WeirError):
    """An Idempotency-Key came a second time with something else to do."""

    code = "key_reused"


class KeyBusy(WeirError):
    """The first call with this Idempotency-Key has not been answered yet."""

    code = "key_busy"
    retryable = True
