"""Errors: their kinds, and that they cross gRPC as what they are."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import status_pb2
from tantrum_kit import errors, status


def test_every_code_has_an_http_status():
    assert set(status.HTTP_STATUS_BY_CODE) == set(grpc.StatusCode)


@pytest.mark.parametrize("kind", errors.CallerError.__subclasses__())
def test_every_kind_has_a_code_of_its_own(kind):
    assert kind in status.CODE_BY_KIND
    assert len(set(status.CODE_BY_KIND.values())) == len(status.CODE_BY_KIND)


def test_a_subclass_has_the_code_of_its_kind():
    class ShowNotFoundError(errors.NotFoundError):
        reason = "SHOW_NOT_FOUND"

    assert status.code_of(ShowNotFoundError("no show 7")) is grpc.StatusCode.NOT_FOUND
    assert status.http_status_of(ShowNotFoundError("no show 7")) == 404


def test_an_error_of_no_kind_is_unknown():
    assert status.code_of(errors.CallerError("?")) is grpc.StatusCode.UNKNOWN


def test_a_listing_tells_every_violation():
    error = errors.InvalidInputError.listing(
        [
            errors.Violation(field="show.name", description="must not be empty"),
            errors.Violation(field="", description="is too long"),
        ]
    )

    assert error.message == "show.name: must not be empty; is too long"


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidInputError.of("page_size", "must not be negative"),
        errors.NotFoundError("no show 7", show_id=7),
        errors.UnavailableError("not just now"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_details_of_an_error_are_enough_to_raise_it_again(error):
    again = status.error_of_details(status.details_of(error, domain="here"))

    assert type(again) is type(error)
    assert (again.message, again.reason, again.facts) == (error.message, error.reason, error.facts)
    assert getattr(again, "violations", ()) == getattr(error, "violations", ())


@pytest.mark.parametrize("number", [grpc.StatusCode.INTERNAL.value[0], 99])
def test_details_of_no_kind_of_error_are_none(number):
    serialised = status_pb2.Status(code=number, message="?").SerializeToString()

    assert status.error_of_details(serialised) is None
