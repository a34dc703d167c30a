"""One letter of each kind with made-up facts: what `maild check` tries templates with."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from maild.model.letter import Letter
from maild.model.mail import Address
from maild.notify.environment import Environment
from maild.notify.facts import (
    NEEDS,
    Acknowledgement,
    Answer,
    Attached,
    Change,
    CommandFault,
    Confirmation,
    Deadline,
    Desk,
    Digest,
    DigestLine,
    Facts,
    Failure,
    Information,
    Link,
    LowRating,
    MessageFacts,
    Notice,
    Person,
    Resolution,
    SignIn,
    TicketFacts,
)
from maild.notify.letters import Post, Writer, describe

NOW = datetime(2026, 11, 2, 8, 20, tzinfo=UTC)
DESK = Desk(
    name="Soporte ACME",
    tag="ACME",
    address="soporte@acme.test",
    timezone=ZoneInfo("Europe/Madrid"),
    portal_url="https://help.acme.test",
)
POST = Post(
    sender=Address("Luis Pérez · Soporte ACME", "soporte@acme.test"),
    recipient="ana@acme.test",
    to=(Address("Ana Ruiz", "ana@acme.test"),),
    reply_to=Address("", "soporte+1042aaaaaaaaaaaaabbbbbbbbbbbbbbbb@acme.test"),
)
_LUIS = Person("Luis Pérez", "luis@cliente.test")
_ANA = Person("Ana Ruiz", "soporte@acme.test")
_PAGE = "https://help.acme.test/t/sample"
_FIRST = Deadline("first_response", NOW + timedelta(minutes=100), timedelta(minutes=100))
_SOLVE = Deadline(
    "resolution", NOW + timedelta(days=1, hours=6), timedelta(hours=12), timedelta(hours=8)
)
_LATE = Deadline("next_response", NOW - timedelta(minutes=35), timedelta(minutes=-35))
TICKET = TicketFacts(
    number=1042,
    subject="No puedo acceder al sistema de ventas",
    requester=_LUIS,
    department="Soporte técnico",
    status="open",
    priority="high",
    level="Nivel 1",
    assignee="Ana Ruiz",
    link=_PAGE,
    due=(_FIRST, _SOLVE),
    tags=("acceso",),
    readers=("berta@cliente.test",),
)
ASKED = MessageFacts(
    _LUIS,
    NOW - timedelta(minutes=20),
    "Desde esta mañana no puedo entrar en el sistema de ventas. Al escribir la contraseña "
    "aparece «cuenta bloqueada».\n\nHay tres pedidos esperando. ¿Se puede desbloquear hoy?",
    files=(Attached("captura.png", 84_211), Attached("registro.txt", 1_930)),
)
EARLIER = (
    MessageFacts(_ANA, NOW - timedelta(days=1), "Llamar antes de las 12.", kind="note"),
    MessageFacts(_LUIS, NOW - timedelta(days=2), "El acceso va muy lento."),
)
ANSWERED = MessageFacts(
    _ANA,
    NOW,
    "La cuenta ya está desbloqueada.\n\nHace falta elegir una contraseña nueva al entrar; la "
    "anterior había caducado.",
    kind="agent",
)
_SIGNATURE = ("Ana Ruiz", "Soporte técnico")
_SCALE = tuple(Link(str(n), f"https://help.acme.test/s/sample?v={n}") for n in range(1, 6))

#: Facts for each class, first full, then bare: a template has to do with both.
SAMPLES: dict[type[Facts], tuple[Facts, ...]] = {
    Acknowledgement: (
        Acknowledgement(
            TICKET,
            also=(1043,),
            suggestions=(Link("Restablecer la contraseña", "https://help.acme.test/kb/a"),),
            answer_by=_FIRST.at,
            hours="lunes a viernes, de 9:00 a 18:00",
        ),
        Acknowledgement(TICKET, plain=True),
    ),
    Notice: (
        Notice(
            TICKET,
            ASKED,
            previous=EARLIER,
            remarks=("Quien escribe no participa en la solicitud.",),
            offered=("nuevo@otro.test",),
            by="Ana Ruiz",
            reason="Hace falta permiso de administración.",
            deadline=_LATE,
        ),
        Notice(
            TicketFacts(1042, "", Person("", "luis@cliente.test"), "Soporte técnico"),
            MessageFacts(Person("", "luis@cliente.test"), NOW, "", kind="note"),
            deadline=_FIRST,
        ),
    ),
    Answer: (Answer(TICKET, ANSWERED, _SIGNATURE, ASKED), Answer(TICKET, ANSWERED)),
    Resolution: (
        Resolution(TICKET, ANSWERED, _SIGNATURE, ASKED, _SCALE, NOW + timedelta(days=14)),
        Resolution(TICKET, scale=tuple(Link(str(n)) for n in range(1, 6))),
        Resolution(TICKET),
    ),
    Change: (Change(TICKET, NOW + timedelta(days=5), ANSWERED), Change(TICKET)),
    Confirmation: (
        Confirmation("#cerrar", "Re: acceso", NOW + timedelta(days=7), TICKET, ("#cerrar",)),
        Confirmation("Hola", "", NOW),
    ),
    CommandFault: (
        CommandFault("No existe la orden.", "#resulto\nHola", "#resulto", "#resuelto", TICKET),
        CommandFault("No existe la orden.", "#x"),
    ),
    Information: (
        Information(
            "Solicitudes abiertas",
            ("Hay dos.",),
            ("Número", "Asunto"),
            (("1042", "Acceso"), ("1043", "Impresora")),
            "1 + 1 = 2",
            (Link("Ver", _PAGE),),
            TICKET,
        ),
        Information("Nada", internal=False),
    ),
    SignIn: (
        SignIn("https://help.acme.test/requests/sample", timedelta(minutes=15)),
        SignIn("https://help.acme.test/dashboard/sample", timedelta(minutes=15), True),
    ),
    Failure: (
        Failure(TICKET, "luis@cliente.test", "550 5.1.1 no such user", "La cuenta…", NOW),
        Failure(TICKET, "luis@cliente.test", ""),
    ),
    LowRating: (LowRating(TICKET, 1, 5, NOW, "Tardó mucho."), LowRating(TICKET, 2, 5, NOW)),
    Digest: (
        Digest(
            Person("Ana Ruiz"),
            (DigestLine(TICKET, _LATE, _PAGE),),
            (DigestLine(TICKET, _FIRST),),
            (DigestLine(TICKET),),
        ),
        Digest(Person("Ana Ruiz")),
    ),
}


def write_samples(environment: Environment, language: str) -> Iterator[Letter]:
    """Every letter in one language, each with full facts first. Raises what templates do."""
    writer = Writer(environment, DESK, new_id=lambda ticket: "<sample@acme.test>")
    for type, needed in NEEDS.items():
        for facts in SAMPLES[needed]:
            yield writer.write(type, facts, post=POST, language=language, now=NOW)


def check_templates(environment: Environment) -> list[str]:
    """What is wrong with the letters' templates: `file:line: reason`, a line a fault."""
    faults: list[str] = []
    writer = Writer(
        environment, DESK, new_id=lambda ticket: "<sample@acme.test>", on_fault=faults.append
    )
    for language in sorted(environment.languages):
        for type, needed in NEEDS.items():
            for facts in SAMPLES[needed]:
                try:
                    writer.write(type, facts, post=POST, language=language, now=NOW)
                except Exception as fault:  # a template may fail in any way
                    faults.append(describe(fault, type, language))
    return list(dict.fromkeys(faults))
