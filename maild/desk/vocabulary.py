"""The words of agents' commands: one table for the grammar, `#help` and the manual.

What a command does is `obey`'s business; how a mail is read, `commands`'.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from maild.model.ticket import Priority


class Kind(StrEnum):
    """What a command is for."""

    STATE = "state"  #: changes the ticket
    TEXT = "text"  #: takes all that follows
    QUESTION = "question"  #: is answered by mail


class Takes(StrEnum):
    """What may stand behind a command's word."""

    NOTHING = "nothing"
    NAME = "name"  #: one name, which may have blanks
    OPTIONAL = "optional"  #: any words, or none
    WORDS = "words"  #: one word or more
    PRIORITY = "priority"
    LEVEL = "level"  #: a number, or none; then a reason
    NUMBER = "number"  #: a ticket
    MAYBE_NUMBER = "maybe-number"
    ADDRESS = "address"
    ADDRESSES = "addresses"
    MAYBE_ADDRESSES = "maybe-addresses"
    CHANNEL = "channel"
    FILE = "file"  #: the name of a saved answer
    REPORT = "report"  #: a name, then a period
    TEXT = "text"  #: the rest of the mail


@dataclass(frozen=True, slots=True)
class Word:
    """One command: its name, its Spanish words, what it takes, and its help."""

    name: str
    aliases: tuple[str, ...]
    form: str  #: the argument as shown to people: "N", "[N] [reason]"
    takes: Takes
    kind: Kind
    en: str
    es: str


def _state(name: str, also: str, form: str, takes: Takes, *help_: str) -> Word:
    return Word(name, tuple(also.split()), form, takes, Kind.STATE, help_[0], help_[1])


def _ask(name: str, also: str, form: str, takes: Takes, *help_: str) -> Word:
    return Word(name, tuple(also.split()), form, takes, Kind.QUESTION, help_[0], help_[1])


def _text(name: str, also: str, *help_: str) -> Word:
    return Word(name, tuple(also.split()), "TEXT", Takes.TEXT, Kind.TEXT, help_[0], help_[1])


#: Every command, in the order in which help lists them.
COMMANDS: tuple[Word, ...] = (
    _state("take", "tomar", "", Takes.NOTHING, "it is mine", "es mía"),
    _state("assign", "asignar", "NAME", Takes.NAME, "it is that agent's", "es de ese agente"),
    _state("unassign", "liberar", "", Takes.NOTHING, "it is nobody's", "no es de nadie"),
    _state(
        "resolve", "resuelto resolver", "", Takes.NOTHING,
        "solved; asks the customer how it went",
        "resuelta; se pregunta al cliente qué tal fue",
    ),
    _state("close", "cerrar", "", Takes.NOTHING, "closed for good", "cerrada del todo"),
    _state("reopen", "reabrir", "", Takes.NOTHING, "open again", "abierta de nuevo"),
    _state(
        "pending", "esperar", "", Takes.NOTHING,
        "waiting for the customer: the clock stops", "a la espera del cliente: para el reloj",
    ),
    _state(
        "hold", "pausar", "", Takes.NOTHING,
        "waiting for somebody else", "a la espera de un tercero",
    ),
    _state("open", "abrir", "", Takes.NOTHING, "waiting for us", "a la espera de nosotros"),
    _state(
        "escalate", "escalar", "[N] [reason]", Takes.LEVEL,
        "to the next level, or to level N", "al nivel siguiente, o al nivel N",
    ),
    _state(
        "return", "devolver", "[reason]", Takes.OPTIONAL,
        "back to the level it came from, for checking", "de vuelta al nivel del que vino",
    ),
    _text(
        "note", "nota", "all that follows is internal", "todo lo que sigue es interno",
    ),
    _text(
        "send", "enviar",
        "all that follows goes to the customer", "todo lo que sigue va al cliente",
    ),
    _state(
        "priority", "prioridad", "P", Takes.PRIORITY,
        "low, normal, high or urgent", "baja, normal, alta o urgente",
    ),
    _state(
        "department", "departamento", "D", Takes.NAME,
        "to that department", "a ese departamento",
    ),
    _state("tag", "etiqueta", "W…", Takes.WORDS, "add tags", "añade etiquetas"),
    _state("untag", "sinetiqueta", "W…", Takes.WORDS, "take tags away", "quita etiquetas"),
    _state(
        "cc", "copia", "ADDR…", Takes.ADDRESSES,
        "they read along from now on", "leen la solicitud desde ahora",
    ),
    _state(
        "uncc", "sincopia", "[ADDR…]", Takes.MAYBE_ADDRESSES,
        "they read along no more", "dejan de leer la solicitud",
    ),
    _state(
        "merge", "unir", "N", Takes.NUMBER,
        "this ticket goes into N", "esta solicitud pasa a la N",
    ),
    _state(
        "split", "separar", "", Takes.NOTHING,
        "the message answered opens a ticket of its own",
        "el mensaje contestado abre su propia solicitud",
    ),
    _state(
        "link", "enlazar", "N", Takes.NUMBER,
        "a cross-reference to ticket N", "una referencia a la solicitud N",
    ),
    _state(
        "customer", "cliente", "ADDR", Takes.ADDRESS,
        "on behalf of this person", "en nombre de esta persona",
    ),
    _state(
        "channel", "canal", "C", Takes.CHANNEL,
        "how the request came: phone, chat, …", "cómo llegó: teléfono, chat, …",
    ),
    _state(
        "reply", "respuesta", "NAME", Takes.FILE,
        "send this saved answer", "envía esta respuesta guardada",
    ),
    _state(
        "kb", "", "", Takes.NOTHING,
        "make a draft article of this ticket", "hace de la solicitud un borrador de artículo",
    ),
    _state("spam", "", "", Takes.NOTHING, "mark as spam and mute", "marca como no deseado"),
    _state(
        "undo", "deshacer", "", Takes.NOTHING,
        "take back the last action", "deshace la última acción",
    ),
    _ask(
        "why", "porque", "", Takes.NOTHING,
        "why the desk did what it did", "por qué la mesa hizo lo que hizo",
    ),
    _ask("sla", "", "", Takes.NOTHING, "the ticket's clocks", "los plazos de la solicitud"),
    _ask(
        "show", "ver", "[N]", Takes.MAYBE_NUMBER,
        "the whole ticket", "la solicitud entera",
    ),
    _ask("queue", "cola", "", Takes.NOTHING, "what is waiting", "lo que está esperando"),
    _ask("mine", "mias", "", Takes.NOTHING, "what is mine", "lo que es mío"),
    _ask("search", "buscar", "W…", Takes.WORDS, "tickets with these words",
         "solicitudes con estas palabras"),
    _ask(
        "report", "informe", "NAME [PERIOD]", Takes.REPORT,
        "this report, now", "este informe, ahora",
    ),
    _ask("help", "ayuda", "", Takes.OPTIONAL, "this list", "esta lista"),
)  # fmt: skip

#: Folded words with a blank in them, as people write them.
SPELLINGS = {"por que": "why"}

#: Other forms of the same words, as people write them: understood, listed nowhere.
FORMS = {
    form: name
    for name, forms in {
        "take": "tomada tomado taken",
        "assign": "asignada asignado assigned",
        "unassign": "liberada liberado",
        "resolve": "resuelta solved resolved solve",
        "close": "cerrada cerrado closed",
        "reopen": "reabierta reabierto reopened",
        "hold": "pausada pausado",
        "open": "abierta abierto",
        "escalate": "escalada escalado escalated",
        "return": "devuelta devuelto returned",
        "merge": "unida unido merged",
        "split": "separada separado",
        "link": "enlazada enlazado linked",
        "tag": "etiquetas tags",
        "untag": "sinetiquetas",
    }.items()
    for form in forms.split()
}

PRIORITIES: dict[str, Priority] = {
    "low": Priority.LOW,
    "normal": Priority.NORMAL,
    "high": Priority.HIGH,
    "urgent": Priority.URGENT,
    "baja": Priority.LOW,
    "bajo": Priority.LOW,
    "media": Priority.NORMAL,
    "alta": Priority.HIGH,
    "alto": Priority.HIGH,
    "urgente": Priority.URGENT,
}

CHANNELS = {"telefono": "phone", "correo": "email", "agente": "agent"}

#: Reason of a fault -> what the agent is told.
FAULTS: dict[str, dict[str, str]] = {
    "en": {
        "unknown": "There is no command “#{word}”.",
        "nearest": "Did you mean “#{nearest}”?",
        "no-argument": "“#{word}” stands alone in its line; text begins on the next line.",
        "missing": "“#{word}” needs something behind it: {form}.",
        "bad-priority": "“{value}” is no priority: low, normal, high or urgent.",
        "bad-level": "“{value}” is no level: a number from 1.",
        "bad-number": "“{value}” is no ticket number, such as 1042.",
        "bad-address": "“{value}” is no e-mail address.",
        "one-address": "“#{word}” takes one e-mail address.",
        "bad-channel": "“{value}” is no channel: one word, such as phone.",
        "bad-name": "“{value}” can't be the name of a saved answer.",
        "too-many": "A mail has at most {value} commands.",
        "too-long": "This line is too long for a command.",
    },
    "es": {
        "unknown": "No existe la orden «#{word}».",
        "nearest": "¿Quería decir «#{nearest}»?",
        "no-argument": "«#{word}» va sola en su línea; el texto empieza en la siguiente.",
        "missing": "A «#{word}» le falta algo detrás: {form}.",
        "bad-priority": "«{value}» no es una prioridad: baja, normal, alta o urgente.",
        "bad-level": "«{value}» no es un nivel: un número desde 1.",
        "bad-number": "«{value}» no es un número de solicitud, como 1042.",
        "bad-address": "«{value}» no es una dirección de correo.",
        "one-address": "«#{word}» lleva una sola dirección de correo.",
        "bad-channel": "«{value}» no es un canal: una palabra, como teléfono.",
        "bad-name": "«{value}» no puede ser el nombre de una respuesta guardada.",
        "too-many": "Un correo lleva como mucho {value} órdenes.",
        "too-long": "Esta línea es demasiado larga para una orden.",
    },
}


#: what stands for an argument, where people do not read English
_STANDS_FOR = {
    "es": {
        "NAME": "NOMBRE", "ADDR": "DIRECCIÓN", "TEXT": "TEXTO", "PERIOD": "PERÍODO",
        "reason": "motivo", "W": "PALABRA",
    }
}  # fmt: skip


def form_in(form: str, language: str) -> str:
    """`[N] [motivo]`: what a command takes, as people of that language read it."""
    words = _STANDS_FOR.get(language, {})
    return re.sub(r"[A-Za-z]+", lambda found: words.get(found[0], found[0]), form)


def help_text(language: str) -> str:
    """All commands, one a line, for the answer to `#help`."""
    lines = []
    for word in COMMANDS:
        names = " ".join(f"#{name}" for name in (word.name, *word.aliases))
        meaning = word.es if language == "es" else word.en
        form = form_in(word.form, language)
        lines.append(f"{names}{' ' + form if form else ''} — {meaning}")
    return "\n".join(lines)


def markdown_table(language: str) -> str:
    """All commands as a table, for docs/agents.md."""
    head = {"es": "| orden | también | hace |", "en": "| command | also | does |"}
    rows = [head.get(language, head["en"]), "|---|---|---|"]
    for word in COMMANDS:
        command = f"`#{word.name} {form_in(word.form, language)}`".replace(" `", "`")
        also = " ".join(f"`#{alias}`" for alias in word.aliases)
        rows.append(f"| {command} | {also} | {word.es if language == 'es' else word.en} |")
    return "\n".join(rows) + "\n"
