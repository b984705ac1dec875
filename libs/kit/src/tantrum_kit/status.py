"""
One table between the kinds of error, gRPC codes and HTTP statuses.

Over gRPC an error travels as code, message and the details of `google.rpc`
(`ErrorInfo` with reason and facts, `BadRequest` with violations), so that it
comes out on the other side as the error that went in.
"""

from __future__ import annotations

from typing import Final

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from tantrum_kit import errors

DETAILS_KEY: Final = "grpc-status-details-bin"
"""Trailing metadata with a serialised `google.rpc.Status`, as every gRPC library has it."""

CODE_BY_KIND: Final[dict[type[errors.CallerError], grpc.StatusCode]] = {
    errors.InvalidInputError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExistsError: grpc.StatusCode.ALREADY_EXISTS,
    errors.UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    errors.PreconditionFailedError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ConflictError: grpc.StatusCode.ABORTED,
    errors.ExhaustedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.UnavailableError: grpc.StatusCode.UNAVAILABLE,
    errors.DeadlineError: grpc.StatusCode.DEADLINE_EXCEEDED,
}

HTTP_STATUS_BY_CODE: Final[dict[grpc.StatusCode, int]] = {
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    # nginx's number for a client that went away; nobody is there to read it.
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.DATA_LOSS: 500,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}

_KIND_BY_CODE: Final = {code: kind for kind, code in CODE_BY_KIND.items()}
_CODE_BY_NUMBER: Final[dict[int, grpc.StatusCode]] = {
    code.value[0]: code for code in grpc.StatusCode
}


def code_of(error: errors.CallerError) -> grpc.StatusCode:
    """Return the code of the error's kind; a `CallerError` of no kind is UNKNOWN."""
    for kind in type(error).__mro__:
        if kind in CODE_BY_KIND:
            return CODE_BY_KIND[kind]
    return grpc.StatusCode.UNKNOWN


def http_status_of(error: errors.CallerError) -> int:
    """Return the HTTP status of the error's kind."""
    return HTTP_STATUS_BY_CODE[code_of(error)]


def details_of(error: errors.CallerError, *, domain: str) -> bytes:
    """Return the value for `DETAILS_KEY`; *domain* says who made the error."""
    code, _ = code_of(error).value
    status = status_pb2.Status(code=code, message=error.message)
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=domain, metadata=error.facts)
    status.details.add().Pack(info)
    if isinstance(error, errors.InvalidInputError) and error.violations:
        bad_request = error_details_pb2.BadRequest()
        for violation in error.violations:
            bad_request.field_violations.add(
                field=violation.field, description=violation.description
            )
        status.details.add().Pack(bad_request)
    serialised: bytes = status.SerializeToString()
    return serialised


def error_of(failure: aio.AioRpcError) -> errors.CallerError | None:
    """
    Return the error that a call failed with, as its server raised it.

    None for a code that no kind maps to: that is a bug, ours or the server's,
    and *failure* itself should be let through.
    """
    return _error_of(failure.code(), failure.details() or "", _details_of(failure))


def error_of_details(serialised: bytes) -> errors.CallerError | None:
    """Return the error that `details_of` made *serialised* of; None as `error_of`."""
    details = status_pb2.Status.FromString(serialised)
    code = _CODE_BY_NUMBER.get(details.code, grpc.StatusCode.UNKNOWN)
    return _error_of(code, details.message, details)


def _error_of(
    code: grpc.StatusCode, message: str, details: status_pb2.Status
) -> errors.CallerError | None:
    kind = _KIND_BY_CODE.get(code)
    if kind is None:
        return None
    message = message or code.name
    info, violations = _unpacked(details)
    # Facts go in afterwards: a fact may have the name of a parameter.
    error: errors.CallerError
    if kind is errors.InvalidInputError:
        error = errors.InvalidInputError(message, violations=violations)
    else:
        error = kind(message)
    error.reason = info.reason or kind.reason
    error.facts = dict(info.metadata)
    return error


def _details_of(failure: aio.AioRpcError) -> status_pb2.Status:
    for key, value in failure.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return status_pb2.Status()


def _unpacked(
    details: status_pb2.Status,
) -> tuple[error_details_pb2.ErrorInfo, list[errors.Violation]]:
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    for detail in details.details:
        detail.Unpack(info)
        detail.Unpack(bad_request)
    return info, [
        errors.Violation(field=violation.field, description=violation.description)
        for violation in bad_request.field_violations
    ]
