"""How figures are printed: tables, and bars that say whether they are held."""

from __future__ import annotations

from collections.abc import Sequence


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print *rows* under *head*, the first column to the left and figures to the right."""
    texts = [[_text(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    for number, row in enumerate(texts):
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  " + "  ".join(cells).rstrip(), flush=True)
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths), flush=True)


def bar(
    what: str,
    figure: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "",
) -> bool:
    """Print *figure* beside its bar, and return whether it is held."""
    held = (at_least is None or figure >= at_least) and (at_most is None or figure <= at_most)
    wanted = f">= {at_least:g}" if at_least is not None else f"<= {at_most:g}"
    verdict = "held" if held else "MISSED"
    print(f"  {verdict:6}  {what}: {_text(figure)}{unit} (bar {wanted}{unit})", flush=True)
    return held


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if cell >= 1000 else f"{cell:.3g}"  # noqa: PLR2004 - where digits stop mattering
    if isinstance(cell, int):
        return f"{cell:,}"
    return str(cell)
