"""Numbers, dates and durations as readers of es and en write them (kpi.md section 3).

Rounding is half-up and happens here only; whoever compares with a target does so before.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

NBSP: Final = "\u00a0"
NOTHING: Final = "—"

_MONTHS: Final = {
    "es": "ene feb mar abr may jun jul ago sept oct nov dic".split(),
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),
}
_LONG_MONTHS: Final = {
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre".split(),
    "en": "January February March April May June July August September October November "
    "December".split(),
}
_DAYS: Final = {
    "es": "lun mar mié jue vie sáb dom".split(),
    "en": "Mon Tue Wed Thu Fri Sat Sun".split(),
}


def spoken(language: str) -> str:
    """The language of the two we write that fits best: `es` for `es-MX`, else `en`."""
    return "es" if language.lower().startswith("es") else "en"


def rounded(value: float, places: int) -> Decimal:
    """Half-up, as people round: 0.25 is 0.3."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def number(value: float | None, language: str, places: int = 0) -> str:
    """es `1234`, `12.345`, `9,4`; en `1,234`, `9.4`. No thousands point in four es digits."""
    if value is None:
        return NOTHING
    text = f"{rounded(value, places):,f}"
    if spoken(language) == "en":
        return text
    if abs(value) < 10_000:
        text = text.replace(",", "")
    return text.translate(str.maketrans(",.", ".,"))


def percent(share: float | None, language: str) -> str:
    """A share of 1: es `95,2 %` with a no-break space, en `95.2%`."""
    if share is None:
        return NOTHING
    gap = NBSP if spoken(language) == "es" else ""
    return number(float(Decimal(str(share)) * 100), language, 1) + gap + "%"


def duration(seconds: float | None) -> str:
    """`2 h 30 min`, `45 min`, `< 1 min`, `0 min`: to the minute; the same in both languages."""
    if seconds is None:
        return NOTHING
    if 0 < seconds < 30:
        return "< 1 min"
    hours, minutes = divmod(int(rounded(seconds / 60, 0)), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def age(seconds: float) -> str:
    """How long something has waited, by the calendar: `3 d`, `5 h`, `20 min`."""
    days, hours = int(seconds // 86_400), int(seconds // 3_600)
    return f"{days} d" if days else f"{hours} h" if hours else f"{int(seconds // 60)} min"


def month(day: date, language: str) -> str:
    """es `may`, en `May`."""
    return _MONTHS[spoken(language)][day.month - 1]


def long_month(day: date, language: str) -> str:
    """es `mayo de 2026`, en `May 2026`."""
    between = " de " if spoken(language) == "es" else " "
    return f"{_LONG_MONTHS[spoken(language)][day.month - 1]}{between}{day.year}"


def weekday(day: date, language: str) -> str:
    return _DAYS[spoken(language)][day.weekday()]


def day_and_month(day: date, language: str) -> str:
    """`2 nov`: unlike 2/11 it can't be misread."""
    return f"{day.day} {month(day, language)}"


def full_date(day: date, language: str) -> str:
    """es `lun 2 nov 2026`, en `Mon 2 Nov 2026`."""
    return f"{weekday(day, language)} {day_and_month(day, language)} {day.year}"


def moment(at: datetime, language: str, zone: ZoneInfo) -> str:
    """es `lun 2 nov 2026, 14:05`, in the reader's zone."""
    local = at.astimezone(zone)
    return f"{full_date(local.date(), language)}, {local:%H:%M}"
