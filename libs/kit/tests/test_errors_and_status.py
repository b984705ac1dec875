"""Errors: their kinds, and that they cross gRPC as what they are."""

from __future__ import annotations

import grpc
import pytest
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
