"""One cell, or a column of them, as its kind says: dates in UK order, yes and no in every spelling, numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from cdi_stats.audit.archive import Flaw, Since1904

# ü and û are the tick and the cross that Wingdings, the font of most ticked boxes, shows; an x may mean either
YES = {"yes", "y", "true", "t", "1", "-1", "✓", "✔", "☑", "✅", "√", "ü", "tick", "ticked", "yep", "yeah"}
NO = {"no", "n", "false", "f", "0", "✗", "✘", "✖", "❌", "☐", "û", "cross", "crossed", "nope"}
NOTHING = {"", "-", "--", "–", "—", "n/a", "na", "n.a.", "not applicable", "nil", "none", "null"}
ERRORS = {"#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#null!", "#num!", "#spill!", "#calc!"}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LONG_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "sept", "september", "october"),
    *("november", "december"),
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]|[^\S\t\n\r ]")
UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
EXCEL_EPOCH, MAC_EPOCH = datetime(1899, 12, 30), datetime(1904, 1, 1)
FIRST_DAY, LAST_DAY = datetime(1970, 1, 1), datetime(2100, 1, 1)
CLOCK = r"(?:(?:[ T,@]+| +- +)(?:at +)?(\d{1,2})[:.]?(\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)? *([ap]\.?m\.?)?(?: *hrs?)?)?"
DAY_FIRST = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})" + CLOCK, re.IGNORECASE | re.ASCII)
YEAR_FIRST = re.compile(r"(\d{4})[/.\-]?(\d{2})[/.\-]?(\d{2})" + CLOCK, re.IGNORECASE | re.ASCII)
MONTH_NAMED = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?[ \-/.,]*([a-z]+)\.?[ \-/.,']*(\d{4}|\d{2})" + CLOCK, re.IGNORECASE | re.ASCII
)
MONTH_NAME_FIRST = re.compile(r"([a-z]+)\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})" + CLOCK, re.IGNORECASE | re.ASCII)
WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?,? +", re.IGNORECASE | re.ASCII)
TIME = re.compile(
    r"(\d{1,2})[:.]?(\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)? *([ap]\.?m\.?)?(?: *hrs?)?", re.IGNORECASE | re.ASCII
)
TIME_FIRST = re.compile(
    r"(\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: *[ap]\.?m\.?)?)(?: *hrs?)?,?(?: +on)? +(\S.*)", re.IGNORECASE | re.ASCII
)
SERIAL = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Cells:
    """A sheet's raw cells by column of ours; each column is as long as `rows`, the row numbers in the file.

    `title` is the name the file gives the sheet, `titles` those it gives the columns where they differ from ours.
    """

    title: str
    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int]
    titles: Mapping[str, str]

    def taken(self, places: Sequence[int]) -> Cells:
        """Return the rows at these places, in their order."""
        columns = {name: [column[place] for place in places] for name, column in self.columns.items()}
        return replace(self, columns=columns, rows=[self.rows[place] for place in places])


def text(cell: Any) -> str:
    """Return what a cell holds as one line of text, "" for a blank."""
    if isinstance(cell, str):
        clean = cell if cell.isprintable() else CONTROL.sub(" ", UNSEEN.sub("", cell))
        return clean.strip()
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M:%S}".removesuffix(":00").removesuffix(" 00:00")
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return CONTROL.sub(" ", str(cell)).strip()


def name(cell: Any) -> str:
    """Return a heading as names are compared: lower case, with _ for anything but letters and digits."""
    return re.sub(r"[\W_]+", "_", text(cell).lower()).strip("_")


def code(cell: Any) -> str:
    """Return a code as code lists hold it: lower case with single blanks."""
    return re.sub(r"\s+", " ", text(cell).lower())


def is_blank(cell: Any) -> bool:
    """Return whether a cell holds nothing to be seen."""
    return cell is None or (isinstance(cell, str) and not cell[:1].isalnum() and not text(cell))


def parse_column(kind: str, cells: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """Return a column's values (None for blanks) and the places of cells that do not hold what `kind` says.

    `kind` is a key of schema.KINDS. Equal cells are read once.
    """
    parse = PARSERS[kind]
    keys = [cell if cell.__class__ is str else (cell.__class__, cell) for cell in cells]
    known = {key: _parsed(parse, kind, cell) for key, cell in dict(zip(keys, cells, strict=True)).items()}
    unreadable = {key for key, value in known.items() if value is WRONG}
    known |= dict.fromkeys(unreadable)
    wrong = [place for place, key in enumerate(keys) if key in unreadable] if unreadable else []
    return [known[key] for key in keys], wrong


WRONG = object()


def _parsed(parse: Callable[[Any], Any], kind: str, cell: Any) -> Any:
    if cell is None or isinstance(cell, Flaw):
        return None if cell is None else WRONG
    if isinstance(cell, str):
        shown = text(cell)
        if shown.startswith("#") and shown.lower() in ERRORS:
            return WRONG
        if not shown or (kind != "text" and shown.lower() in NOTHING):
            return None
        if kind == "text":
            return shown
    try:
        return parse(cell)
    except (ValueError, OverflowError):
        return WRONG


def _number(cell: Any) -> float:
    if isinstance(cell, bool | date | time | timedelta):
        raise ValueError
    if isinstance(cell, int | float):
        value = float(cell)
    else:
        digits = text(cell)
        if not re.fullmatch(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?([eE][+-]?\d{1,3})?", digits, re.ASCII):
            raise ValueError
        value = float(digits.replace(",", ""))
    if not math.isfinite(value):
        raise ValueError
    return value


def _whole(cell: Any) -> int:
    value = _number(cell)
    if value != math.floor(value) or abs(value) > 1e15:
        raise ValueError
    return int(value)


def _share(cell: Any) -> float:
    shown = text(cell)
    return _number(shown[:-1].strip()) / 100 if shown.endswith("%") else _number(cell)


def _yes_no(cell: Any) -> bool:
    shown = code(cell).rstrip(".!\ufe0e\ufe0f ")
    if shown not in YES and shown not in NO:
        raise ValueError
    return shown in YES


def moment(cell: Any) -> datetime:
    """Return a date and time, whole seconds. Raises ValueError for anything else, and outside 1970 to 2099."""
    value = _moment(cell)
    if not FIRST_DAY <= value < LAST_DAY:
        raise ValueError
    return (value + timedelta(microseconds=500_000)).replace(microsecond=0) if value.microsecond else value


def _moment(cell: Any) -> datetime:
    if isinstance(cell, datetime):
        return _local(cell)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return (MAC_EPOCH if isinstance(cell, Since1904) else EXCEL_EPOCH) + timedelta(seconds=round(cell * 86_400))
    if not isinstance(cell, str):
        raise ValueError
    return _written(text(cell))


def _local(value: datetime) -> datetime:
    if value.tzinfo is None:
        return value
    from zoneinfo import ZoneInfo

    return value.astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None)


def _written(given: str, *, turned: bool = False) -> datetime:
    if SERIAL.fullmatch(given):
        return EXCEL_EPOCH + timedelta(seconds=round(float(given) * 86_400))
    shown = WEEKDAY.sub("", given, count=1)
    if re.search(r"\d:?\d\d(Z|[+-]\d\d:?\d\d)$", shown):
        return _local(datetime.fromisoformat(shown))
    if found := YEAR_FIRST.fullmatch(shown):
        year, month, day, *clock = found.groups()
    elif found := DAY_FIRST.fullmatch(shown):
        day, month, year, *clock = found.groups()
    elif found := MONTH_NAMED.fullmatch(shown):
        day, month, year, *clock = found.groups()
        month = _month(month)
    elif found := MONTH_NAME_FIRST.fullmatch(shown):
        month, day, year, *clock = found.groups()
        month = _month(month)
    elif not turned and (found := TIME_FIRST.fullmatch(given)):
        # only now: 10.06.18 14:05 starts with a day, though it could be a time
        return _written(f"{found.group(2)} {found.group(1)}", turned=True)
    else:
        raise ValueError
    return datetime.combine(date(_year(year), int(month), int(day)), _clock(*clock))


def _month(written: str) -> int:
    short = written.lower()
    if short not in MONTHS and short not in LONG_MONTHS:
        raise ValueError
    return MONTHS.index(short[:3]) + 1


def _year(written: str) -> int:
    return int(written) if len(written) == 4 else 2000 + int(written) - 100 * (int(written) > 69)


def _clock(hour: str | None, minute: str | None, second: str | None, half: str | None) -> time:
    if hour is None:
        return time()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError
        hours = hours % 12 + 12 * (half[0].lower() == "p")
    return time(hours, int(minute or 0), int(second or 0))


def day(cell: Any) -> datetime:
    """Return a date, as a datetime at midnight. Raises ValueError for anything else."""
    value = moment(cell)
    return datetime(value.year, value.month, value.day)


def clock(cell: Any) -> time:
    """Return a time of day from a time, a part of a day or text. Raises ValueError for anything else."""
    if isinstance(cell, datetime):
        return cell.time().replace(microsecond=0)
    if isinstance(cell, time):
        return cell.replace(microsecond=0)
    if isinstance(cell, timedelta):
        cell = cell / timedelta(days=1)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not 0 <= cell < 1:
            raise ValueError
        return (EXCEL_EPOCH + timedelta(seconds=min(86_399, round(float(cell) * 86_400)))).time()
    found = TIME.fullmatch(text(cell))
    if not found:
        raise ValueError
    return _clock(*found.groups())


def join_moment(first: Any, second: Any) -> Any:
    """Return a date cell and a time cell as one moment; as text where they do not make one; the date where no time."""
    if is_blank(second) or is_blank(first):
        return first
    try:
        return datetime.combine(day(first).date(), clock(second))
    except ValueError:
        return f"{text(first)} {text(second)}"


PARSERS: dict[str, Callable[[Any], Any]] = {
    "text": text,
    "code": code,
    "whole": _whole,
    "share": _share,
    "date": day,
    "moment": moment,
    "yes_no": _yes_no,
}
