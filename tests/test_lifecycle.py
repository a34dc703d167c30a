"""What time alone does to a ticket: reminders, the end of waiting, closings, expired mail."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from maild.app import App
from tests.stories.office import Office, Received, kinds

MADRID = ZoneInfo("Europe/Madrid")
LUIS = "Luis Pérez <luis@x.test>"
PATIENT = """
[lifecycle]
pending_close_after = "10d"
close_after = "14d"
"""


def ring(office: Office, **later: float) -> list[Received]:
    """So much later the timetable rings; the letters of that, digests aside."""
    office.clock.wind(**later)
    app: App = office.app
    for job in app.jobs(office.store):
        while job.run(office.clock.now()):
            pass
    return [letter for letter in office.letters() if letter.type != "digest"]


def solved(office: Office) -> Received:
    """A ticket that has been solved; the letter that says so."""
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#resolve\nHecho.")
    return office.letter("resolved")


def asked(office: Office) -> Received:
    """A ticket whose customer was asked something; the question."""
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#pending\n¿Qué ve en la pantalla?")
    return office.letter("reply")


def last_status(office: Office, number: int = 1) -> tuple[str, str, str | None]:
    event = [e for e in office.ticket(number)["events"] if e["kind"] == "status"][-1]
    return event["detail"]["to"], event["actor"], event["detail"]["reason"]


def test_a_solved_ticket_closes_by_itself_and_quietly(tmp_path: Path) -> None:
    """Resolved, and 14 days later closed by the system; nobody gets a letter."""
    office = Office(tmp_path)
    solved(office)
    assert ring(office, days=13, hours=23) == []
    assert office.ticket()["status"] == "resolved"
    assert ring(office, hours=1) == []
    assert last_status(office) == ("closed", "system", None)
    assert office.ticket()["closed_at"] == "2026-06-22T07:00:00Z"
    assert office.store.alarms.of(1) == []


def test_the_closing_can_be_told(tmp_path: Path) -> None:
    """With closed_letter the requester hears of it, once."""
    office = Office(tmp_path, more="[lifecycle]\nclosed_letter = true\n")
    solved(office)
    assert kinds(ring(office, days=14)) == [("closed", "luis@x.test")]
    assert ring(office, days=14) == []


def test_reopened_it_does_not_close(tmp_path: Path) -> None:
    """An answer within the window ends the countdown; the next solve begins a new one."""
    office = Office(tmp_path)
    letter = solved(office)
    office.clock.wind(days=10)
    office.answer(letter, "Sigue igual.")
    ring(office, days=30)
    assert office.ticket()["status"] == "open"


def test_an_answer_after_the_closing_opens_a_linked_ticket(tmp_path: Path) -> None:
    """Closed is closed."""
    office = Office(tmp_path)
    letter = solved(office)
    ring(office, days=15)
    office.answer(letter, "Otra vez lo mismo.")
    assert (office.ticket()["status"], office.ticket(2)["links"]) == ("closed", [1])


def test_who_does_not_answer_is_reminded_and_then_it_counts_as_solved(tmp_path: Path) -> None:
    """Half-way a reminder with the question, at the end resolved as auto_closed."""
    office = Office(tmp_path, more=PATIENT)
    asked(office)
    assert ring(office, days=4, hours=23) == []
    (reminder,) = ring(office, hours=1)
    assert (reminder.type, reminder.to) == ("pending-reminder", "luis@x.test")
    assert "¿Qué ve en la pantalla?" in reminder.text
    assert "18 jun 2026" in reminder.text
    assert ring(office, days=4, hours=23) == []
    assert [letter.type for letter in ring(office, hours=1)] == ["resolved"]
    assert last_status(office) == ("resolved", "system", "auto_closed")


def test_an_answer_ends_the_waiting(tmp_path: Path) -> None:
    """Answered on the day after the reminder: nothing is closed."""
    office = Office(tmp_path, more=PATIENT)
    asked(office)
    (reminder,) = ring(office, days=5)
    office.answer(reminder, "Una página en blanco.")
    office.letters()
    assert ring(office, days=30) == []
    assert office.ticket()["status"] == "open"


def test_a_second_question_begins_the_waiting_anew(tmp_path: Path) -> None:
    """Asked again on day 9, nobody is cut off on day 10."""
    office = Office(tmp_path, more=PATIENT)
    office.write(LUIS)
    notice = office.letter("agent-new")
    office.answer(notice, "#pending\n¿Qué ve en la pantalla?")
    ring(office, days=5)
    office.clock.wind(days=4)
    office.answer(notice, "¿Pudo mirarlo?")
    assert kinds(office.letters()) == [("reply", "luis@x.test")]
    assert ring(office, days=4) == []
    assert kinds(ring(office, days=1)) == [("pending-reminder", "luis@x.test")]
    assert last_status(office)[0] == "pending"


def test_down_all_the_while_there_is_no_reminder_any_more(tmp_path: Path) -> None:
    """Both fell due while the desk was away: solved, and no reminder of what is over."""
    office = Office(tmp_path, more=PATIENT)
    asked(office)
    assert [letter.type for letter in ring(office, days=11)] == ["resolved"]


def test_without_the_option_it_waits_for_ever(tmp_path: Path) -> None:
    """pending_close_after is off by default."""
    office = Office(tmp_path)
    asked(office)
    assert ring(office, days=100) == []
    assert office.ticket()["status"] == "pending"


@pytest.mark.parametrize("days", [14, 5])
def test_a_changed_config_moves_the_closing(tmp_path: Path, days: int) -> None:
    """close_after shortened under way: the closing is planned anew."""
    office = Office(tmp_path)
    solved(office)
    ring(office)
    office.configure(more=f'[lifecycle]\nclose_after = "{days}d"\nreopen_window = "2d"\n')
    ring(office, days=days - 1, hours=23)
    assert office.ticket()["status"] == "resolved"
    ring(office, hours=1)
    assert office.ticket()["status"] == "closed"


def test_held_mail_that_nobody_confirms_expires(tmp_path: Path) -> None:
    """A forged command waits a week, then it is accounted for and the admins know."""
    office = Office(tmp_path)
    office.write(LUIS)
    notice = office.letter("agent-new")
    forged = office.write("ana@acme.test", "Re: [ACME #1] No puedo acceder", "#close",
                          References="<x@y.test>")  # fmt: skip
    assert office.outcome(forged) == "held"
    office.letters()
    (attempt,) = ring(office, days=6, hours=23)  # the daily letter: who tried what
    assert (attempt.type, attempt.to) == ("admin", "admin@acme.test")
    assert "ana@acme.test" in attempt.text and f"in{forged}" not in attempt.text
    (told,) = ring(office, hours=1)
    assert (told.type, told.to) == ("admin", "admin@acme.test")
    assert f"in{forged}" in told.text
    assert office.outcome(forged) == "expired"
    assert ring(office, days=1) == []
    assert office.ticket()["status"] == "new"
    assert notice.to == "ana@acme.test"


def test_the_times_are_wall_clock_days(tmp_path: Path) -> None:
    """14 days are 14 times 24 hours, over the change to winter time too."""
    start = datetime(2026, 10, 20, 10, 0, tzinfo=MADRID).astimezone(UTC)
    office = Office(tmp_path, start=start)
    solved(office)
    (closing,) = office.store.alarms.of(1)
    assert f"{closing.at.astimezone(MADRID):%d %H:%M}" == "03 09:00"
