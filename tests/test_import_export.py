"""Moving in and out: tickets as lines of JSON, on both engines."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli.main import app
from maild.errors import MaildError
from maild.model.from_json import Home
from maild.store.handing_over import as_line, export_all, export_person
from maild.store.ledger import verify
from maild.store.moving import Imported, Van
from tests.stories.office import Office

PROMISES = """
[[sla]]
name = "Estándar"
normal = { first_response = "4h", resolution = "2d" }

[[escalation]]
at = "100%"
notify = ["assignee", "supervisors"]

[[escalation]]
at = "100% + 1h"
notify = ["supervisors"]
"""


@pytest.fixture(params=["sqlite", "postgres"])
def new_office(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Office]:
    """`new_office("a")`: an empty desk of that name, on each engine."""

    def make(name: str, **changes: Any) -> Office:
        folder = tmp_path / name
        folder.mkdir()
        if request.param == "postgres":
            changes["url"] = request.getfixturevalue("postgres").fresh()
        return Office(folder, more=PROMISES, **changes)

    return make


def exported(office: Office) -> list[dict[str, Any]]:
    return list(export_all(office.store.engine, "ACME"))


def take(office: Office, lines: list[Any], *, tag: str = "ACME") -> Imported:
    """Import these lines, as the command does it."""
    raw = "".join(line if isinstance(line, str) else as_line(line) for line in lines).encode()
    van = Van(
        office.store.engine,
        Home(tag, "soporte", "es"),
        now=office.clock.now(),
        reckon=office.app.deadlines.reckon,
    )
    return van.carry(lambda: io.BytesIO(raw))


def told_story(office: Office) -> None:
    """A request with a file, answered and solved; two that are one; a link."""
    mail = office.mail("Luis <luis@x.test>", "No va", "Nada.", to="soporte@acme.test")
    mail.add_attachment(b"PDF", maintype="application", subtype="pdf", filename="a.pdf")
    office.receive(mail)
    notice = next(n for n in office.letters() if n.to == "ana@acme.test")
    office.answer(notice, "#tomar\n#etiqueta acceso\n#copia bea@x.test\nHola.")
    office.clock.wind(hours=1)
    office.answer(next(n for n in office.letters() if n.type == "reply"), "Sigue igual.")
    office.letters()
    office.write("luis@x.test", "No va, otra vez")
    notice = next(n for n in office.letters() if n.to == "ana@acme.test")
    office.answer(notice, "#unir 1")
    office.write("eva@y.test", "Una pregunta")
    notice = next(n for n in office.letters() if n.to == "ana@acme.test")
    office.answer(notice, "#enlazar 1\n#resuelto")
    office.letters()


def line(number: int, **changes: Any) -> dict[str, Any]:
    """A ticket of another desk: events alone."""
    at = "2026-06-01T07:00:00Z"
    return {
        "id": number,
        "tag": f"[OLD #{number}]",
        "subject": f"Asunto {number}",
        "status": "open",
        "priority": "normal",
        "level": 1,
        "department": "soporte",
        "requester": {"name": "Luis", "email": "luis@x.test"},
        "created_at": at,
        "events": [
            {"at": at, "kind": "created", "actor": "customer:luis@x.test",
             "detail": {"channel": "email", "department": "soporte", "priority": "normal",
                        "level": 1}},
            {"at": at, "kind": "message", "actor": "customer:luis@x.test",
             "detail": {"message": 1, "kind": "customer", "public": True}},
            {"at": at, "kind": "status", "actor": "agent:ana",
             "detail": {"from": "new", "to": "open", "reason": None}},
        ],
        "messages": [],
    } | changes  # fmt: skip


# -- there and back ----------------------------------------------------------------------------


def test_a_whole_desk_moves_and_is_the_same(new_office: Callable[..., Office]) -> None:
    """Export, import into an empty store, export: not a letter differs; nothing is sent."""
    old, new = new_office("old"), new_office("new")
    told_story(old)
    moved = exported(old)
    done = take(new, moved)
    assert (done.new, done.known, done.bad) == (3, 0, [])
    assert exported(new) == moved
    assert new.letters() == []
    assert verify(new.store.engine).faults == []


def test_a_second_import_changes_nothing(new_office: Callable[..., Office]) -> None:
    """Neither into the copy, nor into the desk it came from, whatever happened since."""
    old, new = new_office("old"), new_office("new")
    told_story(old)
    moved = exported(old)
    take(new, moved)
    for office in (old, new):
        office.write("luis@x.test", "Re: [ACME #1] No va", "Aún.")
        before = exported(office)
        done = take(office, moved)
        assert (done.new, done.known) == (0, 3)
        assert exported(office) == before


def test_mail_goes_on_after_a_move(new_office: Callable[..., Office]) -> None:
    """An answer to an old mail joins its ticket; new tickets get new numbers."""
    old, new = new_office("old"), new_office("new")
    told_story(old)
    take(new, exported(old))
    new.clock.wind(hours=3)
    first = new.ticket(1)["messages"][0]["message_id"]
    new.write("luis@x.test", "Re: No va", "Aún sigue.", In_Reply_To=first)
    assert new.ticket(1)["messages"][-1]["text"].strip() == "Aún sigue."
    new.write("zoe@z.test")
    assert new.ticket(4)["requester"]["email"] == "zoe@z.test"
    assert verify(new.store.engine).faults == []


# -- numbers -----------------------------------------------------------------------------------


def test_numbers_that_are_taken_are_given_anew(new_office: Callable[..., Office]) -> None:
    """And whatever names them follows: merges, links, events, forwards and backwards."""
    office = new_office("here")
    office.write("zoe@z.test", "Ya estaba")
    child = line(
        1,
        status="merged",
        merged_into=2,
        links=[3],
        events=[
            *line(1)["events"],
            {"at": "2026-06-01T08:00:00Z", "kind": "merged", "actor": "agent:ana",
             "detail": {"into": 2}},
            {"at": "2026-06-01T08:00:00Z", "kind": "status", "actor": "agent:ana",
             "detail": {"from": "open", "to": "merged", "reason": "merged"}},
            {"at": "2026-06-01T08:00:00Z", "kind": "linked", "actor": "agent:ana",
             "detail": {"to": 3}},
        ],
    )  # fmt: skip
    assert take(office, [child, line(2), line(3, links=[1])]).bad == []
    assert office.ticket(1)["subject"] == "Ya estaba"
    moved = office.ticket(4)
    assert (moved["subject"], moved["external_id"]) == ("Asunto 1", "OLD:1")
    assert (moved["merged_into"], moved["links"]) == (2, [3])
    assert office.ticket(3)["links"] == [4]
    details = [e["detail"] for e in moved["events"] if e["kind"] in ("merged", "linked")]
    assert details == [{"into": 2}, {"to": 3}]
    assert take(office, [child, line(2)]).known == 2


def test_a_link_to_what_did_not_come_leads_nowhere(new_office: Callable[..., Office]) -> None:
    """Never to a stranger that happens to have the number."""
    office = new_office("here")
    office.write("zoe@z.test", "Ya estaba")
    take(office, [line(7, links=[1])])
    assert office.ticket(7)["links"] == []


def test_messages_keep_their_words_under_new_numbers(
    new_office: Callable[..., Office],
) -> None:
    """Message numbers that are taken are given anew; the events that name them follow."""
    old, new = new_office("old"), new_office("new")
    told_story(old)
    told_story(new)
    moved = [whole | {"tag": f"[OLD #{whole['id']}]"} for whole in exported(old)]
    assert take(new, moved).new == 3
    for whole in exported(new):
        known = {message["id"] for message in whole["messages"]}
        told = {e["detail"]["message"] for e in whole["events"] if e["kind"] == "message"}
        assert told == known
    assert verify(new.store.engine).faults == []


# -- lines -------------------------------------------------------------------------------------


def test_bad_lines_are_named_and_good_ones_taken(new_office: Callable[..., Office]) -> None:
    """Each with its number and what is wrong with it."""
    office = new_office("here")
    bad_kind = line(3)
    bad_kind["events"][1]["kind"] = "mesage"
    done = take(
        office,
        [
            line(1),
            "{no json\n",
            bad_kind,
            line(4, status="opne", events=[]),
            "\n",
            line(6, created_at="ayer"),
            "[1]\n",
            {"subject": "nameless"},
            line(9),
        ],
    )
    assert (done.new, [number for number, _ in done.bad]) == (2, [2, 3, 4, 6, 7, 8])
    reasons = dict(done.bad)
    assert "events[1].kind: unknown 'mesage' (did you mean \"message\"?)" in reasons[3]
    assert "status: unknown 'opne' (did you mean \"open\"?)" in reasons[4]
    assert reasons[6].startswith("created_at: 'ayer' is no time")


def test_events_alone_tell_the_ticket(new_office: Callable[..., Office]) -> None:
    """What a line does not say of its ticket, its events do."""
    office = new_office("here")
    events = [
        *line(5)["events"],
        {"at": "2026-06-01T09:00:00Z", "kind": "assigned", "actor": "system",
         "detail": {"from": None, "to": "ana", "reason": None}},
        {"at": "2026-06-01T10:00:00Z", "kind": "status", "actor": "agent:ana",
         "detail": {"from": "open", "to": "resolved", "reason": None}},
        {"at": "2026-06-02T10:00:00Z", "kind": "rated", "actor": "customer:luis@x.test",
         "detail": {"score": 4, "comment": "bien"}},
    ]  # fmt: skip
    assert take(office, [{"id": 5, "events": events}]).bad == []
    ticket = office.ticket(5)
    assert (ticket["status"], ticket["assignee"]) == ("resolved", "ana")
    assert ticket["requester"]["email"] == "luis@x.test"
    assert ticket["resolved_at"] == "2026-06-01T10:00:00Z"
    assert ticket["rating"] == {"score": 4, "comment": "bien", "at": "2026-06-02T10:00:00Z"}
    assert verify(office.store.engine).faults == []


def test_a_ticket_without_events_gets_its_own(new_office: Callable[..., Office]) -> None:
    """Other systems keep messages only: creation, messages and solve are told from them."""
    office = new_office("here")
    message = {"kind": "customer", "from": {"name": "L", "email": "luis@x.test"},
               "at": "2026-06-01T07:00:00Z", "text": "Nada va."}  # fmt: skip
    answer = {"kind": "agent", "from": {"name": "Ana", "email": "ana@acme.test"},
              "at": "2026-06-01T08:00:00Z", "text": "Ya va."}  # fmt: skip
    done = take(
        office,
        [
            line(
                5,
                events=[],
                messages=[message, answer],
                status="closed",
                resolved_at="2026-06-01T09:00:00Z",
                closed_at="2026-06-15T09:00:00Z",
            )
        ],
    )
    assert done.bad == []
    ticket = office.ticket(5)
    kinds = [(event["kind"], event["detail"].get("to")) for event in ticket["events"]]
    assert kinds == [("created", None), ("message", None), ("message", None),
                     ("status", "resolved"), ("status", "closed")]  # fmt: skip
    assert [m["text"] for m in ticket["messages"]] == ["Nada va.", "Ya va."]
    assert verify(office.store.engine).faults == []


def test_html_of_a_file_is_made_harmless(new_office: Callable[..., Office]) -> None:
    """An export may come from anywhere; what it holds is shown in pages."""
    office = new_office("here")
    message = {"kind": "customer", "from": "luis@x.test", "at": "2026-06-01T07:00:00Z",
               "text": "Hola", "html": "<b onclick=x()>Hola</b><script>y</script>"}  # fmt: skip
    take(office, [line(5, events=[], messages=[message])])
    assert office.ticket(5)["messages"][0]["html"] == "<b>Hola</b>"


# -- the past ----------------------------------------------------------------------------------


def test_the_past_is_nobodys_news(new_office: Callable[..., Office]) -> None:
    """A deadline that ran out before the import: no letter, no event, and it counts as
    breached; one that is still to come is told as ever."""
    office = new_office("here")
    before = line(5)["events"]
    fresh = line(6, created_at="2026-06-08T06:59:00Z")
    for event in fresh["events"]:
        event["at"] = "2026-06-08T06:59:00Z"
    take(office, [line(5), fresh])
    rounds = office.app.rounds(office.store)
    for _ in range(5 * 24):
        for number in office.store.alarms.due(office.clock.now()):
            with office.store.write():
                case = office.store.cases.open_case(number, office.clock.now())
                assert case is not None
                rounds.visit(case)
                office.store.cases.save(case)
        office.clock.wind(hours=1)
    assert office.ticket(5)["events"] == before
    breaches = [e["detail"]["clock"] for e in office.ticket(6)["events"]
                if e["kind"] == "sla_breach" and e["detail"]["step"] == "100%"]  # fmt: skip
    assert sorted(breaches) == ["first_response", "resolution"]
    assert {letter.posted.letter.ticket for letter in office.letters()} == {6}


# -- the commands ------------------------------------------------------------------------------


def run(office: Office, *words: str) -> tuple[int, str]:
    config = str(office.folder / "config.toml")
    done = CliRunner().invoke(app, ["-c", config, *words])
    fault = done.exception
    return fault.exit_code if isinstance(fault, MaildError) else done.exit_code, done.stdout


def test_the_commands(new_office: Callable[..., Office], tmp_path: Path) -> None:
    """Files and exit codes: 0 for all, 1 where a line was bad, 2 for no file at all."""
    old, new = new_office("old"), new_office("new")
    told_story(old)
    file = tmp_path / "all.jsonl"
    assert run(old, "export", "--out", str(file))[0] == 0
    assert [json.loads(text)["id"] for text in file.read_text().splitlines()] == [1, 2, 3]
    status, said = run(new, "import", str(file), "--json")
    assert (status, json.loads(said)) == (0, {"imported": 3, "known": 0, "bad": []})
    file.write_text(file.read_text() + "oops\n")
    status, said = run(new, "import", str(file), "--json")
    assert (status, json.loads(said)["bad"][0]["line"]) == (1, 4)
    assert run(new, "import", str(tmp_path / "none.jsonl"))[0] == 2
    assert run(old, "export", "--out", str(file))[0] == 2


def test_all_that_is_kept_on_one_person(new_office: Callable[..., Office]) -> None:
    """His tickets, letters, mails, files and what is known of his address; nobody else's."""
    office = new_office("here")
    told_story(office)
    office.write("zoe@z.test", "De otra persona")
    lines = list(export_person(office.store.engine, "ACME", "Luis@x.test"))
    kinds = [next(iter(entry)) for entry in lines]
    assert [entry["id"] for entry in lines if "id" in entry] == [1, 2]
    assert {"letter", "mail", "file", "address"} <= set(kinds)
    assert kinds.count("mail") == 3
    assert "zoe@z.test" not in json.dumps(lines)


@pytest.mark.proof
def test_a_thousand_tickets_a_second(
    new_office: Callable[..., Office], record_property: Callable[[str, object], None]
) -> None:
    """Twenty thousand tickets of eleven events each, in less than twenty seconds of
    processor time."""
    office = new_office("here")
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    lines = []
    for number in range(1, 20_001):
        at = (start + timedelta(minutes=7 * number)).isoformat()
        made = line(number, created_at=at)
        made["events"] = [{**made["events"][1], "at": at} for _ in range(8)]
        made["events"] = [{**line(1)["events"][0], "at": at}, *made["events"]]
        made["events"].append({**line(1)["events"][2], "at": at})
        made["events"].append(
            {"at": at, "kind": "status", "actor": "agent:ana",
             "detail": {"from": "open", "to": "closed", "reason": None}}
        )  # fmt: skip
        made["status"] = "closed"
        lines.append(as_line(made))
    began = process_time()
    assert take(office, lines).new == 20_000
    took = process_time() - began
    record_property("figure", f"{20_000 / took:.0f} tickets a second")
    record_property("target", "1,000")
    assert took < 20
