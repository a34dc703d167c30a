"""What figures are called in es and en, and what they mean in one line.

English definitions are the docstrings of the gauges themselves.
"""

from typing import Final

from maild.reports import numbers
from maild.reports.kpi import GAUGES


def age_name(group: str) -> str:
    """`<1d` as people read it; the same in both languages."""
    text = group.replace("-", "–").replace("<", "< ").replace(">", "> ")
    return text.replace("d", "\u00a0d")


def channel_name(channel: str, language: str) -> str:
    return _CHANNELS.get(channel, (channel, channel))[numbers.spoken(language) != "es"]


def priority_name(priority: str, language: str) -> str:
    return _PRIORITIES.get(priority, (priority, priority))[numbers.spoken(language) != "es"]


def clock_name(clock: str, language: str) -> str:
    return _CLOCKS[clock][numbers.spoken(language) != "es"]


def definitions(language: str) -> list[tuple[str, str]]:
    """Each KPI's name and what it means, in one line."""
    if numbers.spoken(language) == "es":
        return [_DEFINITIONS[gauge.name] for gauge in GAUGES]
    return [(_ENGLISH[gauge.name], (gauge.__doc__ or "").splitlines()[0]) for gauge in GAUGES]


_CHANNELS: Final = {
    "email": ("Correo", "E-mail"),
    "web": ("Web", "Web"),
    "phone": ("Teléfono", "Phone"),
    "chat": ("Chat", "Chat"),
    "api": ("API", "API"),
    "agent": ("Agente", "Agent"),
}
_PRIORITIES: Final = {
    "low": ("Baja", "Low"),
    "normal": ("Normal", "Normal"),
    "high": ("Alta", "High"),
    "urgent": ("Urgente", "Urgent"),
}
_CLOCKS: Final = {
    "first_response": ("primera respuesta", "first response"),
    "next_response": ("siguiente respuesta", "next response"),
    "resolution": ("resolución", "resolution"),
    "level": ("tiempo en nivel", "time at level"),
}
NAMES: Final[dict[str, tuple[str, str]]] = {
    "first_response.mean": ("Primera respuesta, media", "First response, mean"),
    "first_response.within_target": ("dentro de la meta", "within target"),
    "first_response.median": ("mediana", "median"),
    "first_response.p90": ("p90", "p90"),
    "first_response.calendar_mean": ("media natural (24 h)", "mean by the calendar (24 h)"),
    "next_response.mean": ("Siguientes respuestas, media", "Next responses, mean"),
    "next_response.median": ("mediana", "median"),
    "next_response.p90": ("p90", "p90"),
    "resolution.mean": ("Resolución, media", "Resolution, mean"),
    "resolution.median": ("mediana", "median"),
    "resolution.p90": ("p90", "p90"),
    "resolution.gross_mean": ("media sin descontar esperas", "mean, waiting included"),
    "resolution.calendar_mean": ("media natural (24 h)", "mean by the calendar (24 h)"),
    "resolution.first_mean": ("hasta la primera solución", "to the first solve"),
    "resolution.auto_closed": (
        "cerradas por falta de respuesta",
        "closed unanswered",
    ),
    "fcr.rate": ("Resueltas al primer contacto", "First-contact resolution"),
    "fcr.straight": ("directas a nivel 2 o 3, aparte", "straight to level 2 or 3, apart"),
    "fcr.provisional": ("provisionales (< 7 días)", "provisional (< 7 days)"),
    "one_touch.rate": ("Resueltas con una respuesta", "One-touch"),
    "reopened.rate": ("Reabiertas por el cliente", "Reopened by the customer"),
    "csat.rate": ("Satisfacción (4–5)", "Satisfaction (4–5)"),
    "csat.mean": ("nota media", "mean mark"),
    "csat.low": ("intervalo del 95 %, desde", "95% interval, from"),
    "csat.high": ("hasta", "to"),
    "csat.sent": ("encuestas enviadas", "surveys sent"),
    "csat.response_rate": ("Respuesta a la encuesta", "Survey response rate"),
    "sla.rate": ("Plazos cumplidos (SLA)", "Deadlines met (SLA)"),
    "sla.met": ("cumplidos", "met"),
    "sla.breached": ("fuera de plazo", "missed"),
    "sla.by_clock.first_response.rate": ("primera respuesta", "first response"),
    "sla.by_clock.next_response.rate": ("siguientes respuestas", "next responses"),
    "sla.by_clock.resolution.rate": ("resolución", "resolution"),
    "sla.by_clock.level.rate": (
        "tiempo en nivel (aparte)",
        "time at level (not in it)",
    ),
    "resolved.n": ("Resueltas", "Resolved"),
    "resolved.per_business_day": ("por día laborable", "per working day"),
    "resolved.by_level": ("", ""),
    "escalated.level_2": ("Escaladas a nivel 2 o más", "Escalated to level 2 or higher"),
    "escalated.level_3": ("Escaladas a nivel 3", "Escalated to level 3"),
    "time_in_level.*.mean": ("Tiempo en {}, media", "Time at {}, mean"),
    "time_in_level.*.median": ("mediana", "median"),
    "time_in_level.*.within_target": ("dentro de la meta", "within target"),
    "backlog.end": ("Pendientes al cierre", "Open at the end"),
    "backlog.start": ("al inicio", "at the start"),
    "backlog.created": ("+ creadas", "+ created"),
    "backlog.reopened": ("+ reabiertas", "+ reopened"),
    "backlog.resolved": ("− soluciones", "− solved"),
    "backlog.waiting_us": ("nos toca a nosotros", "waiting for us"),
    "backlog.waiting_customer": ("espera el cliente", "waiting for the customer"),
    "backlog.ages": ("", ""),
    "volume.created": ("Solicitudes nuevas", "New requests"),
    "volume.by_channel": ("", ""),
    "volume.by_department": ("", ""),
    "volume.by_priority": ("prioridad", "priority"),
    "volume.spam": ("correo no deseado, aparte", "spam, apart"),
    "kb.rate": ("Resueltas con un artículo", "Solved by an article"),
    "kb.suggested": ("con artículos sugeridos", "with articles suggested"),
    "kb.self_service": ("cerradas por el cliente", "closed by the customer"),
}
_ENGLISH: Final = {
    "first_response": "First response",
    "next_response": "Next response",
    "resolution": "Resolution",
    "fcr": "First-contact resolution",
    "one_touch": "One-touch",
    "reopened": "Reopened",
    "csat": "Satisfaction",
    "resolved": "Resolved",
    "escalated": "Escalated",
    "time_in_level": "Time at a level",
    "backlog": "Open",
    "sla": "Deadlines met",
    "volume": "New requests",
    "kb": "Solved by an article",
}
_DEFINITIONS: Final = {
    "first_response": (
        "Primera respuesta",
        "Desde la creación hasta la primera respuesta de un agente que llega al cliente.",
    ),
    "next_response": (
        "Siguientes respuestas",
        "Desde el mensaje más antiguo sin contestar hasta la respuesta, sin contar la primera.",
    ),
    "resolution": (
        "Resolución",
        "Desde la creación hasta la última solución en pie, menos esperas del cliente y tiempo "
        "resuelta.",
    ),
    "fcr": (
        "Primer contacto",
        "Resuelta en nivel 1 sin más mensajes del cliente que el primero y sin reabrirse en "
        "7 días.",
    ),
    "one_touch": (
        "Una respuesta",
        "Resuelta con una respuesta como mucho y sin reabrirse en 7 días, en cualquier nivel.",
    ),
    "reopened": ("Reabiertas", "El cliente la reabre en los 7 días siguientes a la solución."),
    "csat": (
        "Satisfacción",
        "Notas 4 o 5 entre las recibidas; no contestar solo cuenta en la tasa de respuesta.",
    ),
    "resolved": (
        "Resueltas",
        "Resueltas en el periodo que siguen resueltas a su cierre; por día laborable.",
    ),
    "escalated": (
        "Escaladas",
        "De las resueltas, las que subieron a nivel 2 o más (nivel 3: a ese nivel o más).",
    ),
    "time_in_level": (
        "Tiempo en nivel",
        "Suma de las estancias en un nivel, sin esperas del cliente ni tiempo resuelta.",
    ),
    "backlog": (
        "Pendientes",
        "Sin resolver al cierre; la antigüedad, en días naturales desde la creación.",
    ),
    "sla": (
        "Plazos cumplidos",
        "Cumplidos entre los decididos, cada uno una vez: al contestar a tiempo o al vencer.",
    ),
    "volume": (
        "Solicitudes nuevas",
        "Creadas en el periodo; departamento y prioridad, los que tienen a su cierre.",
    ),
    "kb": (
        "Resueltas con un artículo",
        "Recibieron artículos, las cerró el cliente y no se reabrieron.",
    ),
}
