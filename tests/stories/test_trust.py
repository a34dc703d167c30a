"""Nobody can pretend to be an agent, and nobody can use the desk against others."""

from dataclasses import dataclass
from itertools import product

import pytest

from tests.stories.office import Office, Received, kinds

LUIS = "Luis Pérez <luis@x.test>"
SECURITY = '[security]\nauthserv_id = "mx.acme.test"\n'


@pytest.fixture
def strict(office: Office) -> Office:
    """A desk that believes one mail server."""
    office.configure(more=SECURITY)
    return office


def notice_of(office: Office, to: str = "ana@acme.test") -> Received:
    return next(
        letter for letter in office.letters() if (letter.type, letter.to) == ("agent-new", to)
    )


@dataclass(frozen=True)
class Try:
    agent: bool
    dmarc: str  #: pass | fail | none
    token: str  #: right | other-agent | other-ticket | none
    forged: bool  #: a forged Authentication-Results below the true one

    @property
    def allowed(self) -> bool:
        """Only an agent's own mail, proven by a word signed for him or by the mail server,
        and not disowned by it, changes anything."""
        if not self.agent or self.dmarc == "fail":
            return False
        return self.token in ("right", "other-ticket") or self.dmarc == "pass"


TRIES = [
    Try(*values)
    for values in product(
        (True, False),
        ("pass", "fail", "none"),
        ("right", "other-agent", "other-ticket", "none"),
        (True, False),
    )
]


@pytest.mark.parametrize("attempt", TRIES, ids=str)
def test_only_a_proven_agent_changes_anything(strict: Office, attempt: Try) -> None:
    """From x dmarc x token x forged results: 48 ways to order `#cerrar`."""
    office = strict
    office.write(LUIS)
    mine = notice_of(office)
    office.write("eva@y.test", "Otra cosa", "No imprime.")
    other = notice_of(office)
    signer = office.app.signer
    tokens = {
        "right": mine.reply_to,
        "other-agent": f"soporte+{signer.token(1, 'leo@acme.test')}@acme.test",
        "other-ticket": other.reply_to,
        "none": "soporte@acme.test",
    }
    sender = "ana@acme.test" if attempt.agent else "eve@evil.test"
    domain = sender.partition("@")[2]
    results = []
    if attempt.dmarc != "none":
        results.append(f"mx.acme.test; dmarc={attempt.dmarc} header.from={domain}")
    elif attempt.forged:
        results.append("mx.acme.test; spf=none")
    if attempt.forged:
        results.append("mx.acme.test; dmarc=pass header.from=acme.test")
    mail = office.mail(
        sender, "Re: [ACME #1] No puedo acceder", "#cerrar", to=tokens[attempt.token]
    )
    raw = (
        "".join(f"Authentication-Results: {r}\r\n" for r in results).encode() + mail.as_bytes()
    )
    before = office.ticket(1)["status"], office.ticket(2)["status"]
    office.receive(raw)
    target = 2 if attempt.token == "other-ticket" else 1
    closed = [office.ticket(n)["status"] == "closed" for n in (1, 2)]
    if attempt.allowed:
        assert closed[target - 1]
        assert sum(closed) == 1
    else:
        assert (office.ticket(1)["status"], office.ticket(2)["status"]) == before
        told = {letter.to for letter in office.letters()}
        assert not told & {"luis@x.test", "eva@y.test"}


def test_two_from_fields_prove_nothing(strict: Office) -> None:
    """A From that is not exactly one address is nobody's."""
    office = strict
    office.write(LUIS)
    notice = notice_of(office)
    mail = office.mail("ana@acme.test", "Re: [ACME #1] x", "#cerrar", to=notice.reply_to)
    office.receive(b"From: eve@evil.test\r\n" + mail.as_bytes())
    assert office.ticket()["status"] != "closed"


def test_guessed_numbers_open_nothing(office: Office) -> None:
    """A number in the subject is a hint, never a key (ten thousand: test_floods)."""
    for n in range(5):
        office.write(f"c{n}@x.test", f"Asunto {n}", "Hola.")
    office.letters()
    before = [len(office.ticket(n)["messages"]) for n in range(1, 6)]
    for n in range(100):
        office.write("eve@evil.test", f"[ACME #{n}] hola", f"mensaje {n}")
    assert [len(office.ticket(n)["messages"]) for n in range(1, 6)] == before
    assert {letter.to for letter in office.letters()} <= {"eve@evil.test", "ana@acme.test"}


def test_the_desk_is_no_mail_bomb(office: Office) -> None:
    """Many forged mails in a victim's name: one letter, and none of the attacker's words."""
    for n in range(60):
        office.write("victim@y.test", f"COMPRA-AHORA {n}", f"COMPRA-AHORA {n} http://evil.test")
    letters = [letter for letter in office.letters() if letter.to == "victim@y.test"]
    assert [letter.type for letter in letters] == ["acknowledgement"]
    assert b"COMPRA" not in letters[0].raw
    assert "evil.test" not in letters[0].text


def test_questions_in_a_victims_name_are_few(office: Office) -> None:
    """`estado` as subject: at most three letters in all, none with the attacker's words."""
    office.write("victim@y.test", "COMPRA-AHORA", "x")
    for n in range(20):
        office.write("victim@y.test", "estado", f"{n}")
    letters = [letter for letter in office.letters() if letter.to == "victim@y.test"]
    assert len(letters) <= 3
    assert all(b"COMPRA" not in letter.raw for letter in letters)


HOSTILE = [
    "x\r\nBcc: evil@evil.test",
    "=?utf-8?q?x=0D=0ABcc:_evil=40evil.test?=",
    "x\u2028Bcc: evil@evil.test",
    "x\x00y",
    "{{7*7}} {% for x in y %}",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("words", HOSTILE, ids=ascii)
def test_hostile_words_are_only_words(office: Office, words: str) -> None:
    """In subject, name and file name: every letter has the headers it should, no more."""
    folded = words.replace("\r\n", " ").replace("\x00", "")
    head = f'From: "{folded}" <luis@x.test>\nTo: soporte@acme.test\nSubject: {folded}\n'
    rest = (
        "Message-ID: <h1@x.test>\nDate: Mon, 08 Jun 2026 09:00:00 +0200\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nHola\n--b\n'
        f'Content-Disposition: attachment; filename="{folded}.txt"\n\nx\n--b--\n'
    )
    office.receive((head + rest).encode("utf-8", "surrogateescape"))
    letters = office.letters()
    assert kinds(letters) == [
        ("acknowledgement", "luis@x.test"), ("agent-new", "ana@acme.test")
    ]  # fmt: skip
    expected = {
        "Message-ID", "Date", "From", "To", "Subject", "Reply-To", "In-Reply-To", "References",
        "Auto-Submitted", "X-Auto-Response-Suppress", "X-Maild-Type", "X-Maild-Ticket",
        "List-Id", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    for letter in letters:
        assert set(letter.mail.keys()) <= expected
        assert "evil@evil.test" not in [a.addr_spec for a in letter.mail["To"].addresses]
        assert "<script>" not in letter.html


def test_readers_by_copy(office: Office) -> None:
    """Without proof only colleagues of the sender's own domain become readers; with proof
    whoever he names; the desk's own addresses never."""
    office.write(LUIS, Cc="bea@x.test, sales@acme.test, Otro <otro@gmail.com>, ana@acme.test")
    assert office.ticket()["cc"] == ["bea@x.test"]
    letters = office.letters()
    notice = next(letter for letter in letters if letter.type == "agent-new")
    assert "otro@gmail.com" in notice.text
    acknowledgement = next(letter for letter in letters if letter.type == "acknowledgement")
    office.answer(acknowledgement, "Añado a Carlos.", sender=LUIS, Cc="carlos@z.test")
    assert office.ticket()["cc"] == ["bea@x.test", "carlos@z.test"]
