"""A ticket's clocks, told line by line (`#sla`, `maild sla N`) and as JSON (`--json`)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from babel.dates import format_datetime

from maild.model.ticket import Clock
from maild.sla.stopwatch import ClockState, Moment, What

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "es": {
        Clock.FIRST_RESPONSE: "Primera respuesta",
        Clock.NEXT_RESPONSE: "Siguiente respuesta {visit}",
        Clock.RESOLUTION: "Resolución",
        Clock.LEVEL: "Estancia {visit}, nivel {level}",
        What.STARTED: "empieza",
        What.PAUSED: "en pausa: se espera al cliente",
        What.RESUMED: "sigue",
        What.RETARGETED: "cambia el plazo a {target} (calendario {calendar})",
        What.WARNED: "aviso enviado",
        What.BREACHED: "plazo vencido",
        What.ANSWERED: "respondida por un agente",
        What.SOLVED: "resuelta",
        What.LEFT: "pasa a otro nivel",
        What.CANCELLED: "anulado",
        "head": "{name}: plazo {target}, calendario {calendar}",
        "none": "sin plazo",
        "used": "usado {used}",
        "due": "vence {due}",
        "sum": "usado {used} de {target} ({percent} %)",
        "waited": "en pausa {paused}",
        "format": "EEE d MMM y HH:mm",
    },
    "en": {
        Clock.FIRST_RESPONSE: "First response",
        Clock.NEXT_RESPONSE: "Next response {visit}",
        Clock.RESOLUTION: "Resolution",
        Clock.LEVEL: "Stay {visit}, level {level}",
        What.STARTED: "starts",
        What.PAUSED: "paused: waiting for the customer",
        What.RESUMED: "runs on",
        What.RETARGETED: "target changes to {target} (calendar {calendar})",
        What.WARNED: "warning sent",
        What.BREACHED: "target missed",
        What.ANSWERED: "answered by an agent",
        What.SOLVED: "resolved",
        What.LEFT: "goes to another level",
        What.CANCELLED: "cancelled",
        "head": "{name}: target {target}, calendar {calendar}",
        "none": "no target",
        "used": "used {used}",
        "due": "due {due}",
        "sum": "used {used} of {target} ({percent}%)",
        "waited": "paused {paused}",
        "format": "EEE d MMM y HH:mm",
    },
}


def lines(states: Iterable[ClockState], language: str) -> list[str]:
    """Each clock with its history, in the time zone of its calendar.

    A heading per clock, an indented line per moment, a last one with the sum. Languages
    other than `es` and `en` get English.
    """
    words = _WORDS.get(language, _WORDS["en"])
    locale = language if language in _WORDS else "en"
    told: list[str] = []
    for state in states:
        told.append(_heading(state, words))
        told += ["  " + _moment(moment, words, locale) for moment in state.moments]
        told.append("  " + _sum(state, words))
    return told


def as_json(states: Iterable[ClockState]) -> list[dict[str, Any]]:
    """The `clocks` of `maild sla N --json`: times are UTC with Z, durations seconds."""
    return [
        {
            "clock": state.clock.value,
            "visit": state.visit,
            "level": state.level,
            "target": _seconds(state.target),
            "budget": _seconds(state.budget),
            "calendar": state.calendar.name,
            "started": _utc(state.started),
            "due": _utc(state.due),
            "used": _seconds(state.used),
            "paused": _seconds(state.paused),
            "stopped": _utc(state.stopped),
            "breached": _utc(state.breached),
            "warned": _utc(state.warned),
        }
        for state in states
    ]


def length(time: timedelta) -> str:
    """Working time for people, to the minute, half up: `2 h 30 min`; `45 s` below one."""
    if timedelta(0) < time < timedelta(minutes=1):
        return f"{time.total_seconds():.0f} s"
    hours, minutes = divmod(int((time.total_seconds() + 30) // 60), 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join([*parts, f"{minutes} min"] if minutes or not hours else parts)


def _heading(state: ClockState, words: Mapping[str, str]) -> str:
    name = words[state.clock].format(visit=state.visit, level=state.level)
    return words["head"].format(
        name=name, target=_target(state.target, words), calendar=state.calendar.name
    )


def _moment(moment: Moment, words: Mapping[str, str], locale: str) -> str:
    def local(at: datetime) -> str:
        zone = moment.calendar.timezone
        return format_datetime(at, words["format"], tzinfo=zone, locale=locale)

    what = words[moment.what].format(
        target=_target(moment.target, words), calendar=moment.calendar.name
    )
    parts = [what, words["used"].format(used=length(moment.used))]
    if moment.due:
        parts.append(words["due"].format(due=local(moment.due)))
    return f"{local(moment.at)}  {'; '.join(parts)}"


def _sum(state: ClockState, words: Mapping[str, str]) -> str:
    if state.budget:
        percent = int(100 * state.used / state.budget + 0.5)
        parts = [
            words["sum"].format(
                used=length(state.used), target=length(state.budget), percent=percent
            )
        ]
    else:
        parts = [words["used"].format(used=length(state.used))]
    if state.paused:
        parts.append(words["waited"].format(paused=length(state.paused)))
    return "= " + "; ".join(parts)


def _target(target: timedelta | None, words: Mapping[str, str]) -> str:
    return words["none"] if target is None else length(target)


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else round(time.total_seconds())


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
