"""The moving van: tickets into the store, one JSON object a line (CONTRACT section 5).

Two passes over a file. The first only finds each ticket's number here, so that whatever names
another ticket can follow; the second writes, some hundreds in a transaction. What is known
by its key already is left as it is: a second import, or one that was broken off, is safe.
Nothing is sent, and what fell due before is nobody's news.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from maild.desk.case import Case
from maild.ingest.html import clean_html
from maild.model.from_json import Home, Whole, key_of, read_whole, tag_of
from maild.model.json_values import Unreadable
from maild.model.ticket import Due, Event, EventKind, Message, Status
from maild.store import rows
from maild.store.engine import Engine
from maild.store.fields import to_micros
from maild.store.planning import Plan, Wanted

TOGETHER: Final = 500  #: tickets in one transaction
MAX_LINE: Final = 100_000_000
_SOME: Final = 1000  #: values in one question
_ALIVE: Final = frozenset(
    {Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED}
)
#: where events name other tickets
_NAMES: Final = {EventKind.MERGED: "into", EventKind.LINKED: "to", EventKind.MESSAGE: "from"}


@dataclass(slots=True)
class Imported:
    """What became of a file's lines."""

    new: int = 0
    known: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)  #: line number, reason
    departments: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A ticket on the van: read, with the desk it comes from."""

    whole: Whole
    desk: str


class Van:
    """Carries tickets into one store."""

    def __init__(
        self,
        engine: Engine,
        home: Home,
        *,
        now: datetime,
        reckon: Callable[[Case], None] = lambda case: None,
    ) -> None:
        """`reckon` works out deadlines; those before `now` are over."""
        self._engine = engine
        self._home = home
        self._now = now
        self._reckon = reckon
        self._plan = Plan(engine, home.tag)

    def carry(
        self,
        lines: Callable[[], Iterable[bytes]],
        moved: Callable[[int], None] = lambda count: None,
    ) -> Imported:
        """Import all lines. `lines` gives them anew whenever it is called, twice in all;
        `moved` is told of each so many bytes, in both passes."""
        done = Imported()
        self._plan.make(self._wanted(lines(), moved))
        batch: list[_Loaded] = []
        for number, line in enumerate(lines(), 1):
            try:
                if line.strip():
                    batch.append(self._load(line))
            except Unreadable as fault:
                done.bad.append((number, str(fault)))
            if len(batch) == TOGETHER:
                self._unload(batch, done)
                batch = []
            moved(len(line))
        if batch:
            self._unload(batch, done)
        self._plan.forget()
        return done

    def _wanted(self, lines: Iterable[bytes], moved: Callable[[int], None]) -> Iterator[Wanted]:
        """The first pass: what each line is known by. Bad lines are told in the second."""
        for line in lines:
            moved(len(line))
            try:
                if line.strip():
                    yield _identity(parsed(line), self._home.tag)
            except Unreadable:
                continue

    def _load(self, line: bytes) -> _Loaded:
        value = parsed(line)
        whole = read_whole(value, self._home)
        if any(message.html for message in whole.messages):
            whole = replace(whole, messages=[_harmless(m) for m in whole.messages])
        return _Loaded(whole, tag_of(value, self._home.tag))

    # -- a batch -----------------------------------------------------------------------------

    def _unload(self, batch: Sequence[_Loaded], done: Imported) -> None:
        """One transaction: those that are new, with numbers of this store."""
        fresh: dict[str, _Loaded] = {}
        with self._engine.write():
            places = self._plan.places([loaded.whole.key for loaded in batch])
            for loaded in batch:
                if not places[loaded.whole.key].known:
                    fresh.setdefault(loaded.whole.key, loaded)
            moved = [self._settled(v, places[key].number) for key, v in fresh.items()]
            self._write(self._with_free_messages(moved))
            self._plan.note_known(list(fresh))
        done.new += len(fresh)
        done.known += len(batch) - len(fresh)
        done.departments.update(whole.ticket.department for whole in moved)

    def _settled(self, loaded: _Loaded, number: int) -> Whole:
        """The same under its number here; what names other tickets follows them."""
        whole, was = loaded.whole, loaded.whole.ticket
        native = loaded.desk == self._home.tag and number == was.id
        keep = was.external_id is None and native
        ticket = replace(
            was,
            id=number,
            external_id=None if keep else whole.key,
            merged_into=self._follow(loaded, was.merged_into),
            links=tuple(n for n in (self._follow(loaded, link) for link in was.links) if n),
            imported_at=self._now,
        )
        events = [self._event(loaded, event, number) for event in whole.events]
        messages = whole.messages
        if number != was.id:
            messages = [replace(message, ticket=number) for message in messages]
        return Whole(ticket, messages, events, whole.key)

    def _event(self, loaded: _Loaded, event: Event, number: int) -> Event:
        name = _NAMES.get(event.kind)
        if name is not None and type(event.detail.get(name)) is int:
            there = self._follow(loaded, event.detail[name])
            if there is not None and there != event.detail[name]:
                event = replace(event, detail={**event.detail, name: there})
        return event if event.ticket == number else replace(event, ticket=number)

    def _follow(self, loaded: _Loaded, number: int | None) -> int | None:
        return None if number is None else self._plan.number_of(loaded.desk, number)

    # -- messages' numbers ---------------------------------------------------------------------

    def _with_free_messages(self, wholes: list[Whole]) -> list[Whole]:
        """Messages keep their numbers where these are free; events follow them."""
        wanted = {n for whole in wholes for n in _message_numbers(whole)}
        if (highest := max(wanted, default=0)) > 0:
            self._engine.raise_number("message", highest)
        taken = self._taken_messages([n for n in wanted if n > 0])
        own: set[int] = set()
        changes: list[tuple[int, int]] = []  #: index of the ticket, number that must change
        for index, whole in enumerate(wholes):
            ids = {message.id for message in whole.messages}
            changes += [(index, n) for n in ids if n < 0 or n in taken or n in own]
            changes += [(index, n) for n in _message_numbers(whole) - ids if n in taken]
            own |= ids
        if not changes:
            return wholes
        numbers = self._engine.next_numbers("message", len(changes))
        maps: dict[int, dict[int, int]] = {}
        for (index, was), number in zip(changes, numbers, strict=True):
            maps.setdefault(index, {})[was] = number
        return [_renumbered(w, maps[i]) if i in maps else w for i, w in enumerate(wholes)]

    def _taken_messages(self, numbers: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for start in range(0, len(numbers), _SOME):
            some = list(numbers[start : start + _SOME])
            marks = ", ".join("?" * len(some))
            sql = f"SELECT id FROM message WHERE id IN ({marks})"
            found.update(row[0] for row in self._engine.rows(sql, some))
        return found

    # -- rows ----------------------------------------------------------------------------------

    def _write(self, wholes: Sequence[Whole]) -> None:
        """All rows of these tickets, a kind at a time."""
        cases = [self._reckoned(whole) for whole in wholes]
        readers = {(email.casefold(), c.ticket.id) for c in cases for email in c.ticket.cc}
        add = self._engine.insert_many
        add("ticket", rows.TICKET, [rows.ticket_values(case.ticket) for case in cases])
        add("reader", "email, ticket", sorted(readers))
        add(
            "message",
            rows.MESSAGE,
            [rows.message_values(m) for whole in wholes for m in whole.messages],
        )
        add(
            "event",
            "ticket, at, kind, actor, detail",
            [rows.event_values(event) for whole in wholes for event in whole.events],
        )
        add(
            "reference",
            "msgid, ticket, address, type",
            [(m.message_id, m.ticket, "", "") for w in wholes for m in w.messages
             if _leads_back(m)],
        )  # fmt: skip
        add(
            "alarm",
            "ticket, at, clock, visit, step, kind",
            [
                (c.ticket.id, to_micros(a.at), a.clock, a.visit, a.step, a.kind)
                for c in cases
                for a in c.appointments or ()
            ],
        )

    def _reckoned(self, whole: Whole) -> Case:
        """The case with its deadlines; what is over has none."""
        case = Case(whole.ticket, self._now, history=list(whole.events), is_new=True)
        if whole.ticket.status in _ALIVE:
            self._reckon(case)
        else:
            case.set_due(Due())
        return case


def parsed(line: bytes) -> dict[str, Any]:
    """A line's JSON object. Raises `Unreadable`."""
    if len(line) > MAX_LINE:
        raise Unreadable(f"longer than {MAX_LINE} bytes")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise Unreadable("no JSON object")
    return value


def _identity(line: dict[str, Any], own_tag: str) -> Wanted:
    """What a line is known by, without reading the rest."""
    number = line.get("id")
    stated = line.get("created_at")
    times = [stated] if stated else _times(line.get("events") or line.get("messages"))
    try:
        created = min(to_micros(datetime.fromisoformat(time)) for time in times)
    except (ValueError, TypeError):
        created = None
    was = number if type(number) is int else None
    return Wanted(key_of(line, own_tag), tag_of(line, own_tag), was, created)


def _times(things: object) -> list[Any]:
    if not isinstance(things, list):
        return []
    return [thing.get("at") for thing in things if isinstance(thing, dict)]


def _message_numbers(whole: Whole) -> set[int]:
    """Every message number the ticket names."""
    found = {message.id for message in whole.messages}
    for event in whole.events:
        number = event.detail.get("message")
        if type(number) is int:
            found.add(number)
    return found


def _renumbered(whole: Whole, numbers: dict[int, int]) -> Whole:
    messages = [replace(m, id=numbers.get(m.id, m.id)) for m in whole.messages]
    events = [
        replace(event, detail={**event.detail, "message": numbers[event.detail["message"]]})
        if event.detail.get("message") in numbers
        else event
        for event in whole.events
    ]
    return replace(whole, messages=messages, events=events)


def _harmless(message: Message) -> Message:
    """Whoever wrote the file: its HTML is shown to people like that of a mail."""
    return replace(message, html=clean_html(message.html)) if message.html else message


def _leads_back(message: Message) -> bool:
    return message.public and bool(message.message_id)
