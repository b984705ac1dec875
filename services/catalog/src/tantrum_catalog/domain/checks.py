"""Collects everything that is wrong with a value, so that it is told at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tantrum_kit.errors import InvalidInputError, Violation

from tantrum_catalog.domain.naming import slug_valid

# C0 and C1 controls and DEL. PostgreSQL cannot store NUL at all.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_WEB_ADDRESS = re.compile(r"https?://[^\s/?#]+\S*")
_PATH = re.compile(r"/(?!/)\S*")


def web_address_valid(text: str, *, or_path: bool = False) -> bool:
    """
    Say whether *text* is an address that a page may link to: `http` or `https`.

    Anything else, such as `javascript:`, would run where it is followed. With *or_path*
    an absolute path on our own site is one too.
    """
    return bool(_WEB_ADDRESS.fullmatch(text) or (or_path and _PATH.fullmatch(text)))


class Checks:
    """
    Checks of one value, whose proto path is *path* (empty for a request itself).

    Every method but `finish` notes what is wrong and goes on.
    """

    def __init__(self, path: str) -> None:
        self._prefix = f"{path}." if path else ""
        self.violations: list[Violation] = []

    def require(self, holds: bool, field: str, description: str) -> None:  # noqa: FBT001
        """Note *description* about *field* unless it *holds*."""
        if not holds:
            self.violations.append(Violation(field=self._prefix + field, description=description))

    def line(self, field: str, value: str, *, at_least: int = 0, at_most: int) -> None:
        """Want one line of text, of so many characters."""
        self._length(field, value, at_least, at_most)
        self.require(not _CONTROL.search(value), field, "must be one line without controls")

    def text(self, field: str, value: str, *, at_least: int = 0, at_most: int) -> None:
        """Want plain text, line breaks and tabs allowed, of so many characters."""
        self._length(field, value, at_least, at_most)
        self.require(
            not _CONTROL_BUT_BREAKS.search(value), field, "must not hold control characters"
        )

    def lines(self, field: str, values: Sequence[str], *, count: int, at_most: int) -> None:
        """Want up to *count* lines, none empty, none twice."""
        self._several(field, values, count)
        for index, value in enumerate(values):
            self.line(f"{field}[{index}]", value, at_least=1, at_most=at_most)

    def number(self, field: str, value: int | None, *, at_least: int, at_most: int) -> None:
        """Want None, or a number in the closed range."""
        self.require(
            value is None or at_least <= value <= at_most,
            field,
            f"must be between {at_least} and {at_most}",
        )

    def ordered(self, field: str, low: int | None, high: int | None, *, low_field: str) -> None:
        """Want *high*, the value of *field*, not below *low*; None fits everything."""
        self.require(
            low is None or high is None or low <= high, field, f"must not be below {low_field}"
        )

    def address(self, field: str, value: str, *, or_path: bool = False) -> None:
        """Want nothing, or an address as `web_address_valid` has it, of up to 2,000 characters."""
        self._length(field, value, 0, 2_000)
        self.require(
            not value or web_address_valid(value, or_path=or_path),
            field,
            "must be an http or https address" + (" or a path" if or_path else ""),
        )

    def slug(self, field: str, value: str) -> None:
        """Want a slug."""
        self.require(
            slug_valid(value),
            field,
            "must be 1 to 120 lower-case letters, digits and single hyphens, with a letter",
        )

    def slugs(self, field: str, values: Sequence[str], *, count: int) -> None:
        """Want up to *count* slugs, none twice."""
        self._several(field, values, count)
        for index, value in enumerate(values):
            self.slug(f"{field}[{index}]", value)

    def finish(self) -> None:
        """Raise `InvalidInputError` with all that was noted, if anything was."""
        if self.violations:
            raise InvalidInputError.listing(self.violations)

    def _length(self, field: str, value: str, at_least: int, at_most: int) -> None:
        if at_least == 1:
            self.require(value != "", field, "must not be empty")
        elif at_least > 1:
            self.require(len(value) >= at_least, field, f"must have {at_least} characters or more")
        self.require(len(value) <= at_most, field, f"must have at most {at_most} characters")

    def _several(self, field: str, values: Sequence[str], count: int) -> None:
        self.require(len(values) <= count, field, f"must have at most {count} values")
        self.require(len(set(values)) == len(values), field, "must not name a value twice")
