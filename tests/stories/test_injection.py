"""Whatever a sender writes into whatever field: letters keep their headers and their readers.

Each hostile string goes into each field of a raw mail, through the whole desk; every letter
that follows is read back from the bytes that would be sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from maild.model.mail import Envelope
from tests.hostile_fields import EVIL, FIELDS, LUIS, PEOPLE, STRINGS, hostile_mail, inspect
from tests.stories.office import Office, Received

BELIEVES = """
[security]
authserv_id = "mx.acme.test"
[limits]
automatic_letters = "100000/10m"
[survey]
per_person = "1s"
"""


@dataclass
class Walk:
    """One poisoned request of Luis through all that can become of it."""

    office: Office
    number: int  #: no two mails are alike
    places: Sequence[str]  #: of FIELDS
    said: str
    letters: list[Received] = field(default_factory=list)

    def go(self, *, whole: bool) -> None:
        """What every request goes through, and what few do."""
        office = self.office
        office.receive(self.mail())
        new = self.see()
        if not any(letter.type == "agent-new" for letter in new):
            return  # taken for something else, and kept as that
        notice = the(new, "agent-new")
        if acknowledged := [letter for letter in new if letter.type == "acknowledgement"]:
            office.receive(self.mail(acknowledged[0]))
        office.answer(notice, "Hola, Luis.", files=[("a.txt", "text/plain", b"x")])
        office.answer(notice, "#escalar 3")
        office.answer(notice, "#ver")
        if whole:
            self.on(notice)
        office.answer(notice, "#resuelto\nListo.")
        solved = [letter for letter in self.see() if letter.type == "resolved"]
        if whole and solved:
            office.receive(self.mail(solved[0], words="2\nMal."))
            office.answer(notice, "#cerrar")
            office.answer(notice, "#reabrir")
            office.receive(returned(solved[0]), Envelope("smtp", sender=""))
            self.see()
        office.clock.wind(minutes=1)

    def on(self, notice: Received) -> None:
        """Orders, a mistake, a mail that nothing proves, a letter that does not arrive."""
        office = self.office
        office.answer(notice, "#nota\nSolo para nosotros.")
        office.answer(notice, "#tomarr")
        found = self.see()
        office.answer(the(found, "escalation"), "#devolver", sender="leo@acme.test")
        office.answer(notice, "#asignar leo")
        office.answer(notice, "#tomar\n#prioridad alta")
        office.receive(self.mail(sender="Ana Ruiz <ana@acme.test>", words="#cerrar"))
        self.see()

    def see(self) -> list[Received]:
        found = self.office.letters()
        self.letters += found
        return found

    def mail(
        self,
        answered: Received | None = None,
        *,
        sender: str = "Luis Pérez <luis@x.test>",
        words: str = "Hola: no puedo entrar.",
    ) -> bytes:
        """His first mail, or his answer to a letter."""
        self.number += 1
        if answered is None:
            return hostile_mail(self.number, self.places, self.said, sender=sender, words=words)
        mail = answered.mail
        return hostile_mail(
            self.number,
            self.places,
            self.said,
            sender=sender,
            to=answered.reply_to,
            subject=f"Re: {answered.subject}",
            answers=(str(mail["Message-ID"]), str(mail["References"])),
            words=words,
        )


def returned(letter: Received) -> bytes:
    """The mail system's word that this letter did not arrive."""
    return (
        f"From: mailer-daemon@mx.test\nTo: {letter.reply_to}\nSubject: failed\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; boundary="b"; '
        "report-type=delivery-status\n\n--b\n\nfailed\n--b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\n"
        f"Final-Recipient: rfc822; {letter.to}\nAction: failed\nStatus: 5.1.1\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nSubject: {letter.subject}\n"
        f"Message-ID: {letter.mail['Message-ID']}\n--b--\n"
    ).encode()


def the(letters: Sequence[Received], kind: str) -> Received:
    (found,) = [letter for letter in letters if letter.type == kind]
    return found


#: fields that say who writes or how the mail is to be taken: the desk may do less then
TELLING = {
    *(place for place in FIELDS if place.startswith("From")),
    "Auto-Submitted", "Precedence", "List-Id", "List-Unsubscribe", "Content-Type", "boundary",
    "X-Maild-Type", "To, address", "Cc, address",
}  # fmt: skip
#: in To or Cc these are an address for all to see; its writer has a proof, and may name him
OPENLY = {
    "folded", "nul", "vt and ff", "nel", "line separator", "escapes", "comma", "semicolon",
    "angle", "quote", "quote and parameter", "comment open", "comment closed", "group", "route",
    "name as address", "quoted local", "at signs", "long",
}  # fmt: skip


def together() -> list[list[str]]:
    """The places, those that hide nothing of each other side by side."""
    parties: list[list[str]] = []
    for place, (header, _) in FIELDS.items():
        beside = [
            party
            for party in parties
            if len(party) < 6 and header not in (FIELDS[other][0] for other in party)
            if not TELLING & {place, *party}
        ]
        if beside:
            beside[0].append(place)
        else:
            parties.append([place])
    return parties


def walk(office: Office, number: int, places: Sequence[str], said: str, *, whole: bool) -> None:
    """The letters of that walk are those of a harmless one, and for the same people."""
    turn = Walk(office, number, places, STRINGS[said])
    turn.go(whole=whole)
    people = PEOPLE
    if places[0].startswith("From"):  # he may call himself what he likes, but is one person
        writers = {letter.to.lower() for letter in turn.letters} - (PEOPLE - {LUIS})
        assert len(writers) <= 1, writers
        people = PEOPLE - {LUIS} | writers
    if any(place.startswith(("To, ", "Cc, ")) for place in places):
        people = people | {letter.to.lower() for letter in turn.letters}  # his own choice …
        if said not in OPENLY:
            people -= {EVIL}  # … but nobody whom no mail program would show
    for letter in turn.letters:
        inspect(letter.raw, letter.to, people)
    kinds = {letter.type for letter in turn.letters}
    if not TELLING & {*places} and said != "crlf twice":  # that one ends the header early
        assert kinds >= (WHOLE if whole else EVERY)


EVERY = {
    "acknowledgement", "agent-new", "agent-message", "reply", "escalation", "answer",
    "resolved",
}  # fmt: skip
WHOLE = EVERY | {
    "returned", "assigned", "command-error", "confirm", "delivery-failed", "low-rating",
    "reopened", "closed",
}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A desk that believes its mail server, and asks how it went as often as it may."""
    return Office(tmp_path, more=BELIEVES)


@pytest.mark.parametrize("said", list(STRINGS)[::4])
def test_a_string_in_some_fields(office: Office, said: str) -> None:
    """A few strings, each in fields of its turn, through everything that letters come of."""
    parties = together()
    walk(office, 100, parties[list(STRINGS).index(said) % len(parties)], said, whole=True)


@pytest.mark.proof
@pytest.mark.parametrize("said", STRINGS)
def test_a_string_in_every_field(office: Office, said: str) -> None:
    """In each of them, those side by side that hide nothing of each other."""
    for number, places in enumerate(together(), 1):
        walk(office, number * 100, places, said, whole=False)


@pytest.mark.proof
@pytest.mark.parametrize("said", STRINGS)
def test_what_letters_repeat(office: Office, said: str) -> None:
    """Subject, names and file names through all that comes of a mail."""
    walk(office, 100, ["Subject", "Cc, name", "words", "file name"], said, whole=True)
    walk(office, 200, ["From, quoted name"], said, whole=True)
