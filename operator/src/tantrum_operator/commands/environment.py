"""Reads settings, or says what is wrong with them."""

from __future__ import annotations

import sys
from typing import TypeVar

import pydantic

from tantrum_operator.settings import ConnectionSettings

S = TypeVar("S", bound=ConnectionSettings)


def read(settings: type[S]) -> S | None:
    """Return the environment's *settings*; None when they are wrong, which stderr then says."""
    try:
        return settings()  # type: ignore[call-arg]  # the environment gives the fields
    except pydantic.ValidationError as error:
        lines = [
            f"OPERATOR_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
            if each["loc"]
            else each["msg"]
            for each in error.errors(include_input=False, include_url=False)
        ]
        print("\n".join(["the settings are wrong:", *lines]), file=sys.stderr)  # noqa: T201 - before there are logs
        return None
