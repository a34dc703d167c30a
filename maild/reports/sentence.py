"""The one sentence that says how it went, and the subject line: counts first, then shares."""

from collections.abc import Sequence
from typing import Any, Final

from maild.reports import numbers
from maild.reports.figures import FEW, Figure
from maild.reports.periods import Period

#: of a problem's name
_LONGEST: Final = 50


def is_quiet(report: dict[str, Any]) -> bool:
    """Did nothing happen at all?"""
    backlog = report["kpis"]["backlog"]
    return not any(backlog[name] for name in ("created", "reopened", "resolved", "end"))


def subject(
    report: dict[str, Any],
    figures: Sequence[Figure],
    *,
    tag: str,
    period: Period,
    language: str,
    department: str | None,
) -> str:
    """`[ACME] Semana 4–10 may: 47 resueltas, 2 fuera de plazo, satisfacción 9 de 12 ▼`."""
    es = numbers.spoken(language) == "es"
    about = f"{department} · " if department else ""
    head = f"[{tag}] {about}{period.title(language)}"
    if is_quiet(report):
        return f"{head}: " + ("sin actividad" if es else "no activity")
    kpis = report["kpis"]
    solved, missed = kpis["resolved"]["n"], kpis["sla"]["breached"]
    parts = [
        f"{numbers.number(solved, language)} "
        + (_plural(solved, "resuelta", "resueltas") if es else "resolved"),
        f"{numbers.number(missed, language)} " + ("fuera de plazo" if es else "out of time"),
    ]
    found = next(figure for figure in figures if figure.key == "csat.rate")
    if found.value is not None:
        word = "satisfacción" if es else "satisfaction"
        parts.append(f"{word} {_share(found, language)}{arrow(found.trend)}")
    return f"{head}: {', '.join(parts)}"


def sentence(report: dict[str, Any], figures: Sequence[Figure], language: str) -> str:
    """What a supervisor must know who reads nothing else."""
    es = numbers.spoken(language) == "es"
    if is_quiet(report):
        return (
            "Sin actividad: no entró, no se resolvió ni queda pendiente ninguna solicitud."
            if es
            else "No activity: no request came in, was solved or is open."
        )
    *firsts, last = [
        part
        for part in (
            _in_time(report, figures, language),
            _broken(report, figures, language),
            _queue(report, es),
        )
        if part
    ]
    text = ", ".join(firsts) + (" y " if es else " and ") + last
    return _capital(text) + _look_at(report, es) + "."


def _in_time(report: dict[str, Any], figures: Sequence[Figure], language: str) -> str:
    """How the promises were kept: first responses, else all deadlines."""
    es = numbers.spoken(language) == "es"
    kpis = report["kpis"]
    first = kpis["first_response"]
    share = first["within_target"]
    if share is not None:
        n = first["n"]
        good, percent = round(share * n), numbers.percent(share, language)
        if es:
            noun = _plural(n, "primera respuesta llegó", "primeras respuestas llegaron")
            return f"{good} de {n} {noun} a tiempo ({percent})"
        noun = _plural(n, "first response was", "first responses were")
        return f"{good} of {n} {noun} in time ({percent})"
    rate = next(figure for figure in figures if figure.key == "sla.rate")
    if rate.value is not None:
        verb = "plazos se cumplieron" if es else "deadlines were met"
        of = "de" if es else "of"
        return f"{rate.count} {of} {rate.n} {verb} ({numbers.percent(rate.value, language)})"
    n = kpis["resolved"]["n"]
    if es:
        return f"{n} {_plural(n, 'solicitud resuelta', 'solicitudes resueltas')}"
    return f"{n} {_plural(n, 'request was', 'requests were')} resolved"


def _broken(report: dict[str, Any], figures: Sequence[Figure], language: str) -> str:
    """Where too many promises were broken: how many, beside the aim."""
    found = next(figure for figure in figures if figure.key == "sla.rate")
    if report["kpis"]["first_response"]["within_target"] is None:
        return ""  # the sentence began with it
    if found.met is not False or found.count is None or found.n is None:
        return ""
    n = found.n - found.count
    said = f"{numbers.number(n, language)} "
    es = numbers.spoken(language) == "es"
    if es:
        said += _plural(n, "plazo venció", "plazos vencieron")
    else:
        said += _plural(n, "deadline was missed", "deadlines were missed")
    kept, goal = numbers.percent(found.value, language), numbers.percent(found.target, language)
    return said + (
        f" (cumplidos {kept}, meta {goal})" if es else f" ({kept} met, target {goal})"
    )


def _queue(report: dict[str, Any], es: bool) -> str:
    start, end = (report["kpis"]["backlog"][name] for name in ("start", "end"))
    if start == end:
        return f"la cola sigue en {end}" if es else f"the queue stays at {end}"
    if es:
        return f"la cola {'bajó' if end < start else 'subió'} de {start} a {end}"
    return f"the queue {'fell' if end < start else 'rose'} from {start} to {end}"


def _look_at(report: dict[str, Any], es: bool) -> str:
    """The problem that came back most, if any did."""
    if not report["recurring"]:
        return ""
    top = report["recurring"][0]
    name = top["name"] if len(top["name"]) <= _LONGEST else top["name"][: _LONGEST - 1] + "…"
    if es:
        return (
            f"; conviene mirar: {name} ({top['count']} solicitudes, "
            f"{top['requesters']} personas)"
        )
    return f"; worth a look: {name} ({top['count']} requests, {top['requesters']} people)"


def arrow(trend: int | None) -> str:
    return {1: " ▲", -1: " ▼", 0: " ="}.get(trend, "") if trend is not None else ""


def _share(figure: Figure, language: str) -> str:
    """A count while there are few, a percentage when there are many."""
    if figure.count is None or not figure.n or figure.n >= FEW:
        return figure.shown(language)
    return f"{figure.count} {'de' if numbers.spoken(language) == 'es' else 'of'} {figure.n}"


def _plural(n: int, one: str, many: str) -> str:
    return one if n == 1 else many


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
