"""A whole conversation through the running daemon, as each person sees it in a mail client."""

from collections.abc import Iterator
from email.message import EmailMessage
from itertools import groupby
from pathlib import Path

import pytest

from tests.servers.sink import Sink
from tests.wire.desk import Desk, addresses, mail, parsed, reply, text_of, wait_until

pytestmark = pytest.mark.wire

LUIS = "Luis Pérez <luis@x.test>"
ANA = "Ana Ruiz <ana@acme.test>"
ASK = {
    "es": ("No puedo acceder", "Desde esta mañana no puedo entrar en la aplicación."),
    "en": ("I cannot log in", "Since this morning I cannot log in. Please help, thanks."),
}
WROTE = {
    "es": "El lun, 8 jun 2026 a las 9:00, {} escribió:",
    "en": "On Mon, Jun 8, 2026 at 9:00 AM {} wrote:",
}
ANSWER = {"es": "Hola, Luis:\n\nYa puede entrar. ¿Lo prueba?",
          "en": "Hello Luis,\n\nYou can log in now. Would you try?"}  # fmt: skip
MARKER = "Responda por encima"


@pytest.fixture
def desk(tmp_path: Path, sink: Sink) -> Iterator[Desk]:
    """A desk that runs."""
    with Desk(tmp_path, sink=sink, forked=False) as desk:
        yield desk


def fresh(desk: Desk, seen: list[EmailMessage]) -> list[tuple[str, str]]:
    """(type, address) of the letters since `seen`, which is brought up to date."""
    desk.await_quiet()
    found = desk.letters()[len(seen) :]
    seen += found
    return sorted((str(m["X-Maild-Type"]), next(iter(addresses([m])))) for m in found)


def holds_no_secret(letter: EmailMessage, notice: EmailMessage) -> None:
    """Nothing of the agent's side is in what the customer gets."""
    raw = letter.as_bytes().lower()
    body = " ".join(str(p.get_content()) for p in letter.walk() if not p.is_multipart())
    whole = raw.decode() + body.lower()
    for secret in (
        "ana@acme.test",
        str(notice["Reply-To"]),
        MARKER.lower(),
        "mailto:",
        "#tomar",
    ):
        assert secret not in whole, secret
    assert str(notice["Reply-To"]).partition("+")[2].partition("@")[0] not in whole


@pytest.mark.parametrize(
    ("engine", "language"),
    [
        ("sqlite", "es"),
        ("postgres", "en"),
        pytest.param("sqlite", "en", marks=pytest.mark.proof),
        pytest.param("postgres", "es", marks=pytest.mark.proof),
    ],
)
def test_a_conversation(
    tmp_path: Path, sink: Sink, request: pytest.FixtureRequest, engine: str, language: str
) -> None:
    """Question, answer, and three answers back by different evidence: one ticket."""
    subject, question = ASK[language]
    store = "sqlite:///var/maild.db"
    if engine == "postgres":
        store = request.getfixturevalue("postgres_url")
    with Desk(tmp_path, sink=sink, store=store, language=language, forked=False) as desk:
        desk.send(mail(LUIS, subject, question))
        notice = desk.letter("agent-new", "ana@acme.test")
        acknowledgement = desk.letter("acknowledgement", "luis@x.test")
        _acknowledged(acknowledgement, notice, subject)
        seen: list[EmailMessage] = []
        assert fresh(desk, seen) == [
            ("acknowledgement", "luis@x.test"),
            ("agent-new", "ana@acme.test"),
        ]
        desk.send(reply(notice, ANSWER[language], sender=ANA, wrote=WROTE[language]))
        answer = desk.letter("reply", "luis@x.test")
        _answered(answer, notice, language, question)
        assert fresh(desk, seen) == [("reply", "luis@x.test")]
        _customer_answers(desk, answer, seen, WROTE[language])
        (ticket,) = desk.tickets()
        whole = desk.show(ticket["id"])
        assert [m["kind"] for m in whole["messages"]] == [
            "customer", "agent", "customer", "customer", "customer",
        ]  # fmt: skip
        assert [m["text"].strip() for m in whole["messages"][2:]] == ["uno", "dos", "tres"]
        assert whole["messages"][1]["text"].strip() == ANSWER[language]
        assert whole["status"] == "open"
        assert whole["language"] == language
        assert "Traceback" not in desk.log


def _acknowledged(letter: EmailMessage, notice: EmailMessage, subject: str) -> None:
    """CONTRACT section 4, letter by letter."""
    assert str(letter["Subject"]).startswith("[ACME #1] ")
    assert letter["Auto-Submitted"] == "auto-replied"
    assert notice["Auto-Submitted"] == "auto-generated"
    assert str(notice["Subject"]) == f"[ACME #1] {subject}"
    for found in (letter, notice):
        assert found["X-Maild-Ticket"] == "1"
        assert found["Date"] and len(str(found["Message-ID"])) > 30
        assert str(found["Reply-To"]).startswith("soporte+")
        own = str(found["References"]).split()
        assert any(id.endswith("@acme.test>") for id in own)
        kinds = {part.get_content_type() for part in found.walk()}
        assert {"text/plain", "text/html"} <= kinds
    holds_no_secret(letter, notice)


def _answered(answer: EmailMessage, notice: EmailMessage, language: str, question: str) -> None:
    """Exactly the new words, from the department, in the customer's thread."""
    assert str(answer["From"]) == "Ana Ruiz – Soporte técnico <soporte@acme.test>"
    text = text_of(answer)
    assert text.startswith(ANSWER[language])
    own_words = text[: text.index(ANSWER[language]) + len(ANSWER[language])]
    assert question not in own_words
    assert str(answer["Subject"]).startswith("[ACME #1]")
    assert str(answer["In-Reply-To"]).endswith("@client.test>")
    assert answer["Auto-Submitted"] is None
    holds_no_secret(answer, notice)


def _customer_answers(
    desk: Desk, answer: EmailMessage, seen: list[EmailMessage], wrote: str
) -> None:
    """By References alone, by the tag alone, by the signed address alone; told once each."""
    plain = {"sender": LUIS, "wrote": wrote}
    main = "soporte@acme.test"
    for sent in (
        reply(answer, "uno", to=main, subject="Otra cosa", **plain),
        reply(answer, "dos", to=main, threaded=False, **plain),
        reply(answer, "tres", subject=str(answer["Subject"])[10:], threaded=False, **plain),
    ):
        desk.send(sent)
        assert fresh(desk, seen) == [("agent-message", "ana@acme.test")]
        assert len(desk.tickets()) == 1


def test_letters_are_files_where_there_is_no_relay(tmp_path: Path) -> None:
    """`relay.host = ""`: the same letters lie in var/outgoing."""
    with Desk(tmp_path, forked=False) as desk:
        desk.send(mail(LUIS))
        assert desk.kinds() == [
            ("acknowledgement", "luis@x.test"),
            ("agent-new", "ana@acme.test"),
        ]


def test_a_null_sender_is_told_nothing(desk: Desk) -> None:
    """A mail with MAIL FROM:<> opens a ticket; only the agents hear of it."""
    desk.send(mail("monitor@x.test", "Disco lleno", "Queda 1 %."), sender="")
    assert desk.kinds() == [("agent-new", "ana@acme.test")]


def test_a_stranger_with_a_guessed_tag(desk: Desk) -> None:
    """A ticket of his own, linked; nobody of the first is told anything."""
    desk.send(mail(LUIS))
    desk.letter("agent-new", "ana@acme.test")
    seen: list[EmailMessage] = []
    fresh(desk, seen)
    desk.send(mail("eve@evil.test", "Re: [ACME #1] No puedo acceder", "Déjeme entrar."))
    assert fresh(desk, seen) == [
        ("acknowledgement", "eve@evil.test"),
        ("agent-new", "ana@acme.test"),
    ]
    first, second = desk.tickets()
    assert (first["status"], second["links"]) == ("new", [1])
    assert len(desk.show(1)["messages"]) == 1
    stranger = desk.letter("agent-new", "ana@acme.test", number=2)
    assert "esta mañana" not in text_of(stranger)


def test_a_forged_agent_is_asked_to_confirm(desk: Desk) -> None:
    """Nothing happens until the registered address says yes; then once, however often."""
    desk.send(mail(LUIS))
    desk.letter("agent-new", "ana@acme.test")
    desk.send(mail(ANA, "Re: [ACME #1] No puedo acceder", "#cerrar\nYa está resuelto."))
    confirm = desk.letter("confirm", "ana@acme.test")
    desk.send(reply(confirm, "Sí, soy yo.", sender="eve@evil.test", threaded=False))
    assert desk.await_quiet()["intake"]["held"] == 1
    ticket = desk.show(1)
    assert (ticket["status"], len(ticket["messages"])) == ("new", 1)
    assert [m["X-Maild-Type"] for m in desk.letters() if "luis" in str(m["To"])] == [
        "acknowledgement"
    ]
    desk.send(reply(confirm, "Sí, soy yo.", sender=ANA))
    wait_until(lambda: desk.show(1)["status"] == "closed")
    seen: list[EmailMessage] = []
    fresh(desk, seen)
    ticket = desk.show(1)
    assert len(ticket["messages"]) == 2
    desk.send(reply(confirm, "Sí, otra vez.", sender=ANA))
    assert fresh(desk, seen) == []
    assert desk.show(1) == ticket


#: one mail each, in this order, and the change that it makes
COMMANDS = [
    ("#take", "assigned", "ana"),
    ("#asignar leo", "assigned", "leo"),
    ("#assign Ana Ruiz", "assigned", "ana"),
    ("#liberar", "assigned", None),
    ("#tomar", "assigned", "ana"),
    ("#unassign", "assigned", None),
    ("#priority high", "priority", "high"),
    ("#prioridad urgente", "priority", "urgent"),
    ("# Prioridad BAJA", "priority", "low"),
    ("#pending", "status", "pending"),
    ("#abrir", "status", "open"),
    ("#hold", "status", "on_hold"),
    ("#open", "status", "open"),
    ("#esperar", "status", "pending"),
    ("#pausar", "status", "on_hold"),
    ("#resolve", "status", "resolved"),
    ("#reabrir", "status", "open"),
    ("#resuelto", "status", "resolved"),
    ("#reopen", "status", "open"),
    ("#cerrar", "status", "closed"),
    ("#reopen", "status", "open"),
    ("#close", "status", "closed"),
]


def test_commands_by_mail(desk: Desk) -> None:
    """Each command does its one thing, in both languages; none carries text to the customer."""
    desk.send(mail(LUIS))
    notice = desk.letter("agent-new", "ana@acme.test")
    for command, _, _ in COMMANDS:
        desk.send(reply(notice, command, sender=ANA))
    desk.await_quiet()
    ticket = desk.show(1)
    by_mail = [
        [(e["kind"], e["detail"].get("to")) for e in events]
        for at, events in groupby(ticket["events"], key=lambda event: event["at"])
        if at != ticket["created_at"]
    ]
    for (command, kind, to), events in zip(COMMANDS, by_mail, strict=True):
        assert (kind, to) in events, (command, events)
    changes = [
        e for e in ticket["events"][2:] if e["kind"] in ("assigned", "priority", "status")
    ]
    assert {e["actor"] for e in changes} == {"agent:ana"}
    assert len(ticket["messages"]) == 1
    told = {str(m["X-Maild-Type"]) for m in desk.letters() if "luis" in str(m["To"])}
    assert told <= {"acknowledgement", "resolved", "reopened", "closed"}
    assert not [m for m in desk.letters() if m["X-Maild-Type"] == "command-error"]


def test_an_unknown_command_does_nothing(desk: Desk) -> None:
    """The agent gets his mail back with the nearest word; nothing is done or sent."""
    desk.send(mail(LUIS))
    notice = desk.letter("agent-new", "ana@acme.test")
    desk.await_quiet()
    seen = desk.letters()
    before = desk.show(1)
    desk.send(reply(notice, "#tomar\n#resolbe\n\nYa puede entrar.", sender=ANA))
    error = desk.letter("command-error", "ana@acme.test")
    assert fresh(desk, seen) == [("command-error", "ana@acme.test")]
    assert "#resolve" in text_of(error) or "#resolver" in text_of(error)
    assert "Ya puede entrar." in text_of(error)
    assert error["Auto-Submitted"] == "auto-replied"
    assert desk.show(1) == before


def test_a_note_reaches_no_customer(desk: Desk) -> None:
    """Not when it is written, and not in what is sent afterwards."""
    desk.send(mail(LUIS))
    notice = desk.letter("agent-new", "ana@acme.test")
    desk.send(reply(notice, "#nota\nEste cliente es un pesado: zanahoria.", sender=ANA))
    desk.await_quiet()
    (note,) = desk.show(1)["messages"][1:]
    assert (note["kind"], "zanahoria" in note["text"]) == ("note", True)
    desk.send(reply(notice, "Ya puede entrar.", sender=ANA))
    desk.letter("reply", "luis@x.test")
    desk.send(reply(notice, "#resolve", sender=ANA))
    desk.letter("resolved", "luis@x.test")
    for letter in desk.letters():
        if "luis" in str(letter["To"]):
            assert "zanahoria" not in letter.as_string() + text_of(letter)
            holds_no_secret(letter, notice)


def test_two_daemons_share_one_database(tmp_path: Path, sink: Sink, postgres_url: str) -> None:
    """Two nodes on PostgreSQL: each mail once, whichever door it comes through, or both."""
    one = Desk(tmp_path / "one", sink=sink, store=postgres_url, forked=False)
    two = Desk(tmp_path / "two", sink=sink, store=postgres_url, forked=False)
    with one, two:
        for number in range(30):
            made = mail(f"c{number}@x.test", f"n{number}")
            for desk in ((one,), (two,), (one, two))[number % 3]:
                desk.send(made)
        one.await_quiet()
        assert sorted(t["subject"] for t in two.tickets()) == sorted(f"n{n}" for n in range(30))
        ids = [m["Message-ID"] for m in one.letters()]
        assert len(ids) == len(set(ids)) == 60
        assert "Traceback" not in one.log + two.log
        worked = [desk.log.count("[worker]") for desk in (one, two)]
        assert all(worked), worked


def test_raw_letters_parse(desk: Desk) -> None:
    """What arrives at the relay has CRLF line ends and no line over 998 octets."""
    desk.send(mail(LUIS, "x" * 400, "palabra " * 2000))
    desk.letter("agent-new", "ana@acme.test")
    assert desk.sink
    for letter in desk.sink.letters:
        lines = letter.raw.split(b"\r\n")
        assert max(map(len, lines)) <= 998
        assert b"\n" not in letter.raw.replace(b"\r\n", b"")
        assert parsed(letter.raw).defects == []
        assert letter.sender.startswith("soporte+")
