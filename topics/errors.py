"""What can go wrong with clusters, as typed errors; the classes of brokers' answers."""

from __future__ import annotations

from enum import StrEnum

from governance.errors import WeirError


class Fault(StrEnum):
    """What an error of a broker means for the one who asked."""

    RETRY = "retry"  # not done; asking again later may help
    UNKNOWN = "unknown"  # may have been done: read before judging
    USER = "user"  # not done and never will be, as it was asked
    DENIED = "denied"  # Weir's principal lacks a right
    AUTHENTICATION = "authentication"  # the cluster does not accept Weir's credentials
    GONE = "gone"  # the object is not there
    EXISTS = "exists"  # the object is there already


class ClusterError(WeirError):
    """A cluster could not do what was asked. `fault` says what that means."""

    code = "cluster_error"

    def __init__(self, message: str, *, fault: Fault, wire_code: int = 0, **facts: object) -> None:
        super().__init__(message, fault=fault.value, wire_code=wire_code, **facts)
        self.fault = fault
        self.wire_code = wire_code

    @property
    def retryable(self) -> bool:  # type: ignore[override]  # here it depends on the instance
        """Whether the same call may succeed later."""
        return self.fault in (Fault.RETRY, Fault.UNKNOWN)


class LeaseLost(WeirError):
    """Another worker holds the cluster's lease now, so this one must stop writing."""

    code = "lease_lost"
    retryable = True


class LeaseTaken(WeirError):
    """Another worker is writing to this cluster at the moment."""

    code = "lease_taken"
    retryable = True


class BadSecurity(WeirError):
    """A cluster's security settings cannot be used."""

    code = "bad_security"
