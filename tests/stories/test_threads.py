"""Whose words end up where: customers, agents and strangers write at random, and a small model
of the desk says which ticket each mail belongs to and who may read it.

Every mail bears a mark. What a letter quotes, a person has read: nobody but the agents and
those who take part in a ticket may ever get a mark of it.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.stories.office import Office, Received

Record = Callable[[str, object], None]
AGENTS = ("ana@acme.test", "leo@acme.test")
CUSTOMERS = ("luis@x.test", "eva@y.test", "pau@x.test")
STRANGER = "eve@evil.test"
#: no token of a letter holds such a word by chance
MARK = re.compile(r"mark\d+kram")


@dataclass
class Model:
    """What should be: each ticket's people, each mark's ticket, each person's letters."""

    people: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    place: dict[str, int] = field(default_factory=dict)  #: mark → ticket
    hidden: set[str] = field(default_factory=set)  #: marks of no customer's business
    closed: set[int] = field(default_factory=set)


class Town:
    """A desk and the people around it, who do something at random each time."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.office = Office(folder)
        self.model = Model()
        self.chance = random.Random(seed)
        self.seen: dict[str, list[Received]] = defaultdict(list)
        self.tickets = 0
        self.count = 0
        self.acts = 0

    def live(self, acts: int) -> None:
        choices = (
            (self.asks, 4), (self.answers, 5), (self.answered, 5), (self.notes, 2),
            (self.resolves, 2), (self.closes, 1), (self.guesses, 3), (self.copies, 3),
            (self.forges, 3), (self.copied_in, 1), (self.asks_status, 1),
        )  # fmt: skip
        for _ in range(acts):
            (act,) = self.chance.choices([c[0] for c in choices], [c[1] for c in choices])
            self.office.clock.wind(minutes=self.chance.randrange(1, 600))
            if act():
                self.acts += 1
                self.look()

    # -- what people do -----------------------------------------------------------------------

    def mark(self) -> str:
        self.count += 1
        return f"mark{self.count}kram"

    def some(self, person: str, *types: str) -> Received | None:
        """A letter somebody has got."""
        found = [n for n in self.seen[person] if n.type in types and n.posted.letter.ticket]
        return self.chance.choice(found) if found else None

    def opened(self, mark: str, person: str, intake: int) -> bool:
        """A mail that must have opened a ticket of its own."""
        assert self.office.outcome(intake) == "ticket", mark
        number = self.ticket_of(intake)
        assert number > self.tickets, f"{mark} went into ticket {number}"
        self.tickets = number
        self.model.place[mark] = number
        self.model.people[number].add(person)
        return True

    def ticket_of(self, intake: int) -> int:
        row = self.office.store.engine.one("SELECT ticket FROM intake WHERE id = ?", [intake])
        assert row is not None
        return int(row[0] or 0)

    def asks(self) -> bool:
        """A new request."""
        mark, person = self.mark(), self.chance.choice(CUSTOMERS)
        return self.opened(mark, person, self.office.write(person, f"Asunto {mark}", mark))

    def answers(self) -> bool:
        """A customer answers a letter of his, with or without a subject his client left."""
        person = self.chance.choice(CUSTOMERS)
        letter = self.some(person, "acknowledgement", "reply", "resolved", "reopened")
        if letter is None:
            return False
        mark, number = self.mark(), self.led_to(letter)
        intake = self.office.answer(
            letter, f"Sigue igual: {mark}", threaded=self.chance.random() < 0.7
        )
        went = self.ticket_of(intake)
        if went != number:  # long solved or closed: a linked new one
            assert number in self.model.closed, f"{mark}: {went}, not {number}"
            assert went > self.tickets
            self.tickets = went
            self.model.people[went].add(person)
        self.model.place[mark] = went
        return True

    def led_to(self, letter: Received) -> int:
        number = letter.posted.letter.ticket
        assert number is not None
        return number

    def agent_letter(self) -> tuple[str, Received] | None:
        agent = self.chance.choice(AGENTS)
        letter = self.some(agent, "agent-new", "agent-message")
        return (agent, letter) if letter else None

    def answered(self) -> bool:
        """An agent answers a notice."""
        if (found := self.agent_letter()) is None:
            return False
        mark = self.mark()
        self.office.answer(found[1], f"Pruebe esto: {mark}", sender=found[0])
        self.model.place[mark] = self.led_to(found[1])
        return True

    def notes(self) -> bool:
        """An agent writes a note: no customer may ever see it."""
        if (found := self.agent_letter()) is None:
            return False
        mark = self.mark()
        self.office.answer(found[1], f"#nota\nCuidado: {mark}", sender=found[0])
        self.model.place[mark] = self.led_to(found[1])
        self.model.hidden.add(mark)
        return True

    def resolves(self) -> bool:
        return self.order("#resuelto")

    def closes(self) -> bool:
        return self.order("#cerrar")

    def order(self, word: str) -> bool:
        if (found := self.agent_letter()) is None:
            return False
        self.office.answer(found[1], word, sender=found[0])
        self.model.closed.add(self.led_to(found[1]))
        return True

    def guesses(self) -> bool:
        """A stranger puts a number into his subject."""
        return self.claims(STRANGER)

    def copies(self) -> bool:
        """A stranger copies the References of somebody's letter: he is let into nothing."""
        victim = self.chance.choice(CUSTOMERS)
        letter = self.some(victim, "acknowledgement", "reply")
        if letter is None:
            return False
        return self.intrude(letter, STRANGER)

    def forges(self) -> bool:
        """In a customer's name, with a number and no proof."""
        return self.claims(self.chance.choice(CUSTOMERS))

    def claims(self, person: str) -> bool:
        """A number alone leads to a ticket that is his, or to a new one."""
        mark = self.mark()
        number = self.chance.randrange(1, self.tickets + 3)
        went = self.ticket_of(self.office.write(person, f"Re: [ACME #{number}] {mark}", mark))
        self.model.place[mark] = went
        if went > self.tickets:
            self.tickets = went
            self.model.people[went].add(person)
        else:
            assert person in self.model.people[went], f"{mark} went into {went}"
        return True

    def intrude(self, letter: Received, sender: str) -> bool:
        mark = self.mark()
        intake = self.office.write(
            sender, f"Re: {letter.subject}", mark,
            In_Reply_To=str(letter.mail["Message-ID"]),
            References=str(letter.mail["Message-ID"]),
        )  # fmt: skip
        went = self.ticket_of(intake)
        self.model.place[mark] = went
        if went > self.tickets:
            self.tickets = went
            self.model.people[went].add(sender)
        else:
            self.model.hidden.add(mark)  # for the agents' eyes
        return True

    def copied_in(self) -> bool:
        """An agent makes another customer a reader: he gets what is written from then on."""
        if (found := self.agent_letter()) is None:
            return False
        person = self.chance.choice(CUSTOMERS)
        self.office.answer(found[1], f"#copia {person}", sender=found[0])
        self.model.people[self.led_to(found[1])].add(person)
        return True

    def asks_status(self) -> bool:
        person = self.chance.choice((*CUSTOMERS, STRANGER))
        self.office.write(person, "estado", "estado")
        return True

    # -- what must be true -------------------------------------------------------------------

    def look(self) -> None:
        """Nobody has got a word that was not for him."""
        for letter in self.office.letters():
            self.seen[letter.to].append(letter)
            if letter.to.endswith("@acme.test"):
                continue
            for mark in set(MARK.findall(letter.raw.decode("latin-1") + letter.text)):
                where = self.model.place.get(mark)
                assert mark not in self.model.hidden, f"{letter.to} read {mark}, a secret"
                assert where is None or letter.to in self.model.people[where], (
                    f"{letter.to} read {mark} of ticket {where}: {letter.type}"
                )

    def settle(self) -> None:
        """Each mark stands in one ticket, the one it belongs to."""
        found: dict[str, set[int]] = defaultdict(set)
        for number in range(1, self.tickets + 1):
            for message in self.office.ticket(number)["messages"]:
                for mark in MARK.findall(message["text"]):
                    found[mark].add(number)
        for mark, number in self.model.place.items():
            assert found[mark] == {number}, f"{mark}: {found[mark]}, not {number}"


def run(folder: Path, seed: int, acts: int) -> int:
    town = Town(folder, seed)
    town.live(acts)
    town.settle()
    return town.acts


@pytest.mark.parametrize("seed", range(3))
def test_words_reach_whom_they_are_for(tmp_path: Path, seed: int) -> None:
    """Forty acts each."""
    assert run(tmp_path, seed, 40) > 20


@pytest.mark.proof
def test_words_reach_whom_they_are_for_in_many_towns(
    tmp_path: Path, record_property: Record
) -> None:
    """Sixty towns of sixty acts; a fault names its seed."""
    first = random.randrange(10**6)
    print(f"seeds from {first}")
    acts = 0
    for seed in range(first, first + 60):
        (folder := tmp_path / str(seed)).mkdir()
        acts += run(folder, seed, 60)
    record_property("figure", f"{acts} acts in 60 towns: 0 words astray")
    record_property("target", "0 foreign appends, 0 words to others")
