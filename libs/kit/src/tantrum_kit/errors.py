"""
Failures that a caller can act on.

Services raise these and nothing else across their domain boundary. The kinds
are few on purpose: one kind per thing a caller can do next. A transport maps
kinds (see `tantrum_kit.status`), never single errors, so that adding an error
never touches a transport.

* CallerError
  - InvalidInputError         fix the request
  - NotFoundError             ask for something else
  - AlreadyExistsError        ask for something else
  - UnauthenticatedError      say who you are
  - PreconditionFailedError   change the system's state first
  - ConflictError             read again, then retry the whole change
  - ExhaustedError            slow down
  - UnavailableError          retry this one call, with backoff
  - DeadlineError             retry if the call is idempotent
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What is wrong with one field of a request."""

    field: str
    """Path of the proto field, such as `filter.min_age`; empty for the whole."""

    description: str
    """A sentence for whoever wrote the request, without a full stop."""


class CallerError(Exception):
    """
    Any failure that a caller can act on.

    A subclass names its `reason`, a constant that programs can tell it by. The
    *facts* are texts that travel with it; they must be fit for strangers' eyes.
    """

    reason: str = ""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = {name: str(value) for name, value in facts.items()}


class InvalidInputError(CallerError):
    """The request is wrong, whatever the state of the system."""

    reason = "INVALID_INPUT"

    def __init__(
        self, message: str, *, violations: Sequence[Violation] = (), **facts: object
    ) -> None:
        super().__init__(message, **facts)
        self.violations = tuple(violations)

    @classmethod
    def of(cls, field: str, description: str) -> InvalidInputError:
        """Return an error about the one *field*."""
        return cls.listing([Violation(field=field, description=description)])

    @classmethod
    def listing(cls, violations: Sequence[Violation]) -> InvalidInputError:
        """Return an error that tells every one of *violations*, at least one."""
        message = "; ".join(f"{v.field}: {v.description}".removeprefix(": ") for v in violations)
        return cls(message, violations=violations)


class NotFoundError(CallerError):
    """What the request names does not exist."""

    reason = "NOT_FOUND"


class AlreadyExistsError(CallerError):
    """What the request would make exists already."""

    reason = "ALREADY_EXISTS"


class UnauthenticatedError(CallerError):
    """The caller did not prove who it is."""

    reason = "UNAUTHENTICATED"


class PreconditionFailedError(CallerError):
    """The system is not in the state that the request needs; a retry is no use."""

    reason = "PRECONDITION_FAILED"


class ConflictError(CallerError):
    """Somebody else wrote in between."""

    reason = "CONFLICT"


class ExhaustedError(CallerError):
    """A quota of the caller's is used up. (Overload of ours is `UnavailableError`.)"""

    reason = "EXHAUSTED"


class UnavailableError(CallerError):
    """Something that the request needs does not answer just now."""

    reason = "UNAVAILABLE"


class DeadlineError(CallerError):
    """The caller's time ran out."""

    reason = "DEADLINE_EXCEEDED"
