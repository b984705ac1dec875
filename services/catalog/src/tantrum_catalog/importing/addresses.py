"""Web addresses as people typed them into the old database."""

from __future__ import annotations

import re
from typing import Final

from tantrum_catalog.domain.checks import web_address_valid
from tantrum_catalog.importing.report import Correction, TableReport

_BARE: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#]\S*)?", re.IGNORECASE)
"""A host with a dot in its name, and what may follow it: an address without its scheme."""


def mended_address(
    old: str, *, row: str, field: str, report: TableReport, or_path: bool = False
) -> str:
    """
    Return the address that *old* means, empty if none, and report what was changed.

    An address without a scheme gets one; what is no address that a page may link to
    is left out, and does not cost the rest of its row.
    """
    text = old.strip()
    if not text or web_address_valid(text, or_path=or_path):
        return text
    new, reason = "", "it is no web address"
    if _BARE.fullmatch(text):
        new, reason = f"https://{text}", "an address has its scheme"
    report.corrections.append(Correction(row=row, field=field, old=old, new=new, reason=reason))
    return new
