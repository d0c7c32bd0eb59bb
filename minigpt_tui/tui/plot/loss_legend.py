"""The legend of a loss plot: what each curve is and its value, as long as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.plot.cells import OVERLAYS, Cells, Role
from minigpt_tui.tui.plot.plot_curve import Curve, Reading
from minigpt_tui.tui.plot.plot_limits import short_step

Part = tuple[str, Role]

SIGNS = ("╸╸", "┅┅", "╸╺", "┈┈", "╍╍", "━╺")
"""How the lines of other runs are broken, as near as box drawing comes to their dots."""
LETTERS = "ABCDEF"
LONGEST_NAME, SHORT_NAME = 24, 10

BAND_SIGN, EMA_SIGN, VALIDATION_SIGN, BEST_SIGN = "⣿", "━", "●", "★"


@dataclass(frozen=True, eq=False)
class Overlay:
    """Another run in the plot. Its place among the overlays gives colour, pattern and letter."""

    curve: Curve
    name: str
    slot: int

    @property
    def letter(self) -> str:
        return LETTERS[self.slot]

    @property
    def role(self) -> Role:
        return OVERLAYS[self.slot]


def write_parts(cells: Cells, row: int, parts: Sequence[Part]) -> None:
    column = 0
    for text, role in parts:
        cells.write(column, row, text, role)
        column += len(text)


def overlay_legend(
    overlays: Sequence[Overlay], kind: str, at: float | None, width: int, rows: int
) -> list[list[Part]]:
    """The other runs, with their losses at a place of the x axis, or their newest ones.

    As many rows as are needed, up to `rows`. Where these have no room, the validation losses go
    first, then the ends of long names, then the last runs, which are counted at the end.
    """
    for validation, longest in ((True, LONGEST_NAME), (False, LONGEST_NAME), (False, SHORT_NAME)):
        entries = [_overlay_entry(o, kind, at, validation, longest) for o in overlays]
        lines = _laid_out(entries, width)
        if len(lines) <= rows:
            return lines
    shown = lines[:rows]
    left = len(overlays) - sum(part[1] in OVERLAYS for line in shown for part in line)
    while len(shown[-1]) > 4 and _length(shown[-1]) + len(_more(left)) > width:
        shown[-1] = shown[-1][:-4]  # a gap, and sign, name and value of a run
        left += 1
    return [*shown[:-1], [*shown[-1], (_more(left), Role.LABEL)]]


def _laid_out(entries: Sequence[list[Part]], width: int) -> list[list[Part]]:
    lines: list[list[Part]] = []
    for entry in entries:
        if lines and _length(lines[-1]) + 3 + _length(entry) <= width:
            lines[-1] += [("   ", Role.PLAIN), *entry]
        else:
            lines.append(list(entry))
    return lines


def _length(parts: Sequence[Part]) -> int:
    return sum(len(text) for text, _ in parts)


def _more(runs: int) -> str:
    return f"   +{runs} more"


def _overlay_entry(
    overlay: Overlay, kind: str, at: float | None, validation: bool, longest: int
) -> list[Part]:
    """Sign, name and loss; and the validation loss, if it is wanted and known."""
    curve = overlay.curve
    step = None if at is None else curve.step(kind, at)
    entry: list[Part] = [
        (f"{overlay.letter} {SIGNS[overlay.slot]}", overlay.role),
        (f" {short_name(overlay.name, longest)} ", Role.LABEL),
    ]
    if step is not None and step > curve.newest:
        return [*entry, ("ended", Role.LABEL)]
    reading = curve.read(step)
    if reading.ema is None:
        return [*entry, ("no loss", Role.LABEL)]
    entry.append((loss_value(reading.ema), Role.VALUE))
    if validation and reading.validation is not None:
        entry += [(" val ", Role.LABEL), (loss_value(reading.validation), Role.VALUE)]
    return entry


def short_name(name: str, longest: int = LONGEST_NAME) -> str:
    """The name of a run, safe to show and not too long: its middle goes, for runs that belong
    together begin alike and end differently."""
    name = visible(name)
    if len(name) <= longest:
        return name
    end = longest // 3
    return f"{name[: longest - end - 1]}…{name[-end:]}"


def fitting_legend(
    reading: Reading, span: int, log: bool, cursor: int | None, events: Sequence[str], width: int
) -> list[Part]:
    """The most complete legend that fits into `width` cells; names go before values."""
    unit = "nats, log" if log else "nats"
    for named, steps, best, with_unit in (
        (True, True, True, True),
        (True, True, True, False),
        (True, False, True, False),
        (True, False, False, False),
        (False, False, True, False),
        (False, False, False, False),
    ):
        parts = _legend(reading, span, cursor, events if named else (), named, steps, best)
        length = sum(len(text) for text, _ in parts)
        if with_unit and length + 3 + len(unit) <= width:
            return [*parts, (" " * (width - length - len(unit)), Role.PLAIN), (unit, Role.LABEL)]
        if not with_unit and length <= width:
            return parts
    return parts


def _legend(
    reading: Reading,
    span: int,
    cursor: int | None,
    events: Sequence[str],
    named: bool,
    steps: bool,
    best: bool,
) -> list[Part]:
    entries: list[list[Part]] = []
    if cursor is not None:
        name = "step " if named else ""
        place: list[Part] = [(name, Role.LABEL), (f"{reading.step:,}", Role.VALUE)]
        entries.append(place)
    if reading.train is not None and (named or span <= 1):
        role = Role.EMA if span <= 1 else Role.BAND
        entries.append(_entry(BAND_SIGN, role, "train" if named else "", reading.train))
    if reading.ema is not None and span > 1:
        name = (f"EMA {short_step(span)}" if steps else "EMA") if named else ""
        entries.append(_entry(EMA_SIGN, Role.EMA, name, reading.ema))
    if reading.validation is not None:
        name = "validation" if named and steps else "val" if named else ""
        entry = _entry(VALIDATION_SIGN, Role.VALIDATION, name, reading.validation)
        if cursor is not None and steps and reading.validation_step not in (None, reading.step):
            entry.append((f" at {reading.validation_step:,}", Role.LABEL))
        entries.append(entry)
    if best and cursor is None and reading.best is not None:
        entry = _entry(BEST_SIGN, Role.BEST, "best" if named else "", reading.best)
        if steps and reading.best_step is not None:
            entry.append((f" at {reading.best_step:,}", Role.LABEL))
        entries.append(entry)
    entries.extend([(event, Role.EVENT)] for event in events)
    gap = "   " if steps else "  "
    parts: list[Part] = []
    for entry in entries:
        parts += [*([(gap, Role.PLAIN)] if parts else []), *entry]
    return parts


def _entry(sign: str, role: Role, name: str, value: float) -> list[Part]:
    name = f" {name}" if name else ""
    return [(sign, role), (f"{name} ", Role.LABEL), (loss_value(value), Role.VALUE)]


def loss_value(value: float) -> str:
    """A loss in the digits that matter: 1.234, 12.3, 1.2e+05, nan."""
    size = abs(value)
    return f"{value:.3f}" if size < 10 else f"{value:.1f}" if size < 1e5 else f"{value:.1e}"
