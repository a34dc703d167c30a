"""The story: a customer can't sign in, and everybody does his part. Spanish and English."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from maild.demo.page import write_page
from maild.demo.stage import Caught, Stage, written

DESK = "soporte@acme.test"
LUIS = "Luis Pérez <luis@cliente.test>"
ANA = "Ana Ruiz <ana@acme.test>"
EVA = "Eva Gil <eva@cliente.test>"
LEO = "Leo Paz <leo@acme.test>"

REQUEST = """\
Hola: desde esta mañana no puedo acceder al sistema de ventas.
Me dice que la contraseña ha caducado.

Gracias, Luis
"""

CONFIG = """
[desk]
name = "Soporte ACME"
tag = "ACME"
address = "soporte@acme.test"
language = "es"
timezone = "Europe/Madrid"
admins = ["admin@acme.test"]
[smtp]
listen = "127.0.0.1:{smtp}"
[relay]
host = "127.0.0.1"
port = {relay}
[portal]
listen = "127.0.0.1:{portal}"
[agent.ana]
name = "Ana Ruiz"
email = "ana@acme.test"
departments = ["soporte"]
level = 1
[agent.leo]
name = "Leo Paz"
email = "leo@acme.test"
departments = ["soporte"]
level = 2
[department.soporte]
name = "Soporte técnico"
address = "soporte@acme.test"
assign = "least_busy"
supervisors = ["jefa@acme.test"]
[levels]
1 = { name = "Nivel 1", time = "15m" }
2 = { name = "Nivel 2", time = "2h" }
[[sla]]
name = "Demo"
high = { first_response = "10s", next_response = "4h", resolution = "1d" }
normal = { first_response = "4h", next_response = "1d", resolution = "2d" }
[[escalation]]
at = "20%"
notify = ["assignee"]
[[rule]]
name = "Acceso"
when.text_has = ["no puedo acceder", "contraseñ*"]
then.priority = "high"
then.tags = ["acceso"]
[report.semanal]
to = ["jefa@acme.test"]
every = "monday 08:00"
period = "last 30 days"
"""


@dataclass
class Teller:
    """Tells the story on a terminal."""

    console: Console

    def act(self, title: str) -> None:
        self.console.rule(f"[bold]{escape(title)}", align="left", style="blue")

    def say(self, text: str) -> None:
        self.console.print(escape(text))

    def show(self, letter: Caught, lines: int = 9) -> None:
        """The top of a letter as its reader sees it."""
        self.console.print(
            f"[green]{letter.type}[/green] → [bold]{escape(letter.to)}[/bold]  "
            f"[cyan]{escape(str(letter.mail['Subject']))}[/cyan]"
        )
        shown = [line for line in letter.text.splitlines() if line.strip()][:lines]
        self.console.print(Padding(escape("\n".join(shown)), (0, 0, 1, 4)), style="dim")


def play(stage: Stage, teller: Teller) -> None:
    """The whole story, from the first mail to the report."""
    for scene in SCENES:
        scene(stage, teller)


def customer_asks(stage: Stage, teller: Teller) -> None:
    teller.act("Luis escribe a soporte@acme.test")
    stage.write(LUIS, DESK, "No puedo acceder", REQUEST)
    teller.show(stage.mailboxes.wait("acknowledgement", "luis@cliente.test"))
    teller.show(stage.mailboxes.wait("agent-new", "ana@acme.test"))
    why = stage.maild("why", "1").splitlines()
    teller.say("maild why 1:")
    teller.say("\n".join(f"    {line}" for line in why[:9]) + "\n")


def clock_warns(stage: Stage, teller: Teller) -> None:
    teller.act("El plazo corre: aviso a Ana antes de que venza")
    teller.show(stage.mailboxes.wait("sla-warning", "ana@acme.test"), 4)


def agent_answers(stage: Stage, teller: Teller) -> None:
    teller.act("Ana contesta desde su programa de correo")
    notice = stage.mailboxes.wait("agent-new", "ana@acme.test")
    stage.answer(notice, ANA, "Hola, Luis:\n\n¿Qué ve exactamente en la pantalla?")
    teller.show(stage.mailboxes.wait("reply", "luis@cliente.test"))


def customer_answers(stage: Stage, teller: Teller) -> None:
    teller.act("Luis responde; Ana no puede resolverlo y lo sube de nivel")
    reply = stage.mailboxes.wait("reply", "luis@cliente.test")
    stage.answer(reply, LUIS, "Pone «cuenta bloqueada».")
    message = stage.mailboxes.wait("agent-message", "ana@acme.test")
    teller.show(message, 4)
    stage.answer(message, ANA, "#escalar cuenta bloqueada en el directorio")
    teller.show(stage.mailboxes.wait("escalation", "leo@acme.test"), 6)


def solved(stage: Stage, teller: Teller) -> None:
    teller.act("Leo lo resuelve; Luis recibe la encuesta")
    notice = stage.mailboxes.wait("escalation", "leo@acme.test")
    stage.answer(
        notice, LEO, "#tomar\n#resuelto\n\nHola, Luis: la cuenta vuelve a estar activa."
    )
    teller.show(stage.mailboxes.wait("resolved", "luis@cliente.test"), 14)


def reopened(stage: Stage, teller: Teller) -> None:
    teller.act("«Sigue igual»: se reabre con el mismo número, y Leo lo arregla del todo")
    resolved = stage.mailboxes.wait("resolved", "luis@cliente.test")
    stage.answer(resolved, LUIS, "Sigue igual, no me deja entrar.")
    message = stage.mailboxes.wait("agent-message", "leo@acme.test")
    teller.show(message, 4)
    stage.answer(message, LEO, "#resuelto\n\nAhora sí: era otra cuenta.")
    final = stage.mailboxes.wait("resolved", "luis@cliente.test", count=2)
    stage.answer(final, LUIS, "5\nMuy amables.")
    teller.show(final, 3)


def fetched(stage: Stage, teller: Teller) -> None:
    """By IMAP, as from a mailbox at a provider; the server moves what was taken."""
    if not stage.imap.runs:
        return
    teller.act("Eva escribe a un buzón de toda la vida: maild lo recoge por IMAP")
    mail = written(EVA, DESK, "Cambio de dirección", "Hola: nos hemos mudado.\n\nEva\n")
    stage.imap.put(mail.as_bytes())
    teller.show(stage.mailboxes.wait("acknowledgement", "eva@cliente.test"), 3)
    taken = stage.imap.wait_for(1, "Processed")
    teller.say(f"    INBOX: {stage.imap.count('INBOX')}, Processed: {taken}\n")


def told_in_figures(stage: Stage, teller: Teller) -> None:
    teller.act("El informe de la supervisora")
    out = stage.folder / "report"
    today = stage.today()
    stage.maild("report", "semanal", "--period", f"{today}/{today}", "--out", str(out))
    write_page(out)
    ticket = json.loads(stage.maild("show", "1", "--json"))
    teller.say(
        f"{ticket['tag']} {ticket['status']}, nivel {ticket['level']}, "
        f"{len(ticket['messages'])} mensajes, {len(ticket['events'])} sucesos, "
        f"valoración {(ticket['rating'] or {}).get('score', '—')}"
    )
    for path in sorted(out.iterdir()):
        teller.say(f"    {path}")
    queue = json.loads(stage.maild("queue", "--json"))
    waiting = sum(queue["intake"].values()) + queue["outgoing"]["failed"]
    teller.say(f"Sin despachar: {waiting}")


SCENES: tuple[Callable[[Stage, Teller], None], ...] = (
    customer_asks,
    clock_warns,
    agent_answers,
    customer_answers,
    solved,
    reopened,
    fetched,
    told_in_figures,
)
