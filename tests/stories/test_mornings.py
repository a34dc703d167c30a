"""What comes by itself: digests in the morning, reports on Monday, each exactly once."""

from datetime import UTC, datetime

from tests.stories.office import Office, kinds

REPORT = """
[report.semanal]
to = ["jefa@acme.test"]
every = "monday 08:00"
[[sla]]
name = "S"
normal = { first_response = "4h", next_response = "1d", resolution = "2d" }
"""


def ring(office: Office, *names: str) -> None:
    """The timetable rings for these jobs."""
    for job in office.app.jobs(office.store):
        if job.name in names:
            while job.run(office.clock.now()):
                pass


def test_an_agents_morning(office: Office) -> None:
    """At eight on a working day, once, and with what is his."""
    office.configure(more=REPORT)
    office.write("luis@x.test")
    notice = next(letter for letter in office.letters() if letter.type == "agent-new")
    office.answer(notice, "#tomar")
    office.letters()
    office.clock.set(datetime(2026, 6, 9, 5, 59, tzinfo=UTC))
    ring(office, "digests")
    assert office.letters() == []
    office.clock.set(datetime(2026, 6, 9, 6, 0, tzinfo=UTC))
    ring(office, "digests")
    ring(office, "digests")
    office.configure()
    ring(office, "digests")
    digest = office.letter("digest")
    assert digest.to == "ana@acme.test"
    assert "No puedo acceder" in digest.text


def test_no_digest_on_a_day_off(office: Office) -> None:
    """Saturday is not a working day of this calendar."""
    office.write("luis@x.test")
    office.letters()
    office.clock.set(datetime(2026, 6, 13, 6, 0, tzinfo=UTC))
    ring(office, "digests")
    assert office.letters() == []


def test_a_report_leaves_once_for_its_week(office: Office) -> None:
    """Monday at eight in Madrid; a restart, a late ring and a second ring change nothing."""
    office.configure(more=REPORT)
    office.write("luis@x.test")
    office.letters()
    ring(office, "reports")
    assert office.letters() == []
    office.clock.set(datetime(2026, 6, 15, 5, 59, tzinfo=UTC))
    ring(office, "reports")
    assert office.letters() == []
    office.clock.set(datetime(2026, 6, 15, 9, 0, tzinfo=UTC))
    ring(office, "reports")
    office.configure()
    ring(office, "reports")
    report = office.letter("report")
    assert report.to == "jefa@acme.test"
    assert "8–14 jun" in report.subject
    kpi = office.store.histories.result_of(
        "report:semanal", datetime(2026, 6, 15, 6, 0, tzinfo=UTC)
    )
    assert kpi["kpis"]["volume"]["created"] == 1


def test_a_report_by_mail(office: Office) -> None:
    """`#informe` from an agent with a proof; the answer says it comes, then it comes."""
    office.configure(more=REPORT)
    office.write("luis@x.test")
    notice = next(letter for letter in office.letters() if letter.type == "agent-new")
    office.answer(notice, "#informe semanal 2026-06-08/2026-06-08")
    assert kinds(office.letters()) == [("answer", "ana@acme.test")]
    ring(office, "reports")
    report = office.letter("report")
    assert report.to == "ana@acme.test"
    office.answer(notice, "#informe mensual")
    assert "semanal" in office.letter("command-error").text


def test_an_answer_to_a_report_opens_no_ticket(office: Office) -> None:
    """Words go to the supervisors; nothing is opened."""
    office.configure(more=REPORT)
    office.write("luis@x.test")
    office.letters()
    office.clock.set(datetime(2026, 6, 15, 9, 0, tzinfo=UTC))
    ring(office, "reports")
    report = office.letter("report")
    number = office.answer(report, "¿Y el mes pasado?")
    assert office.outcome(number) == "question"
    assert office.store.browse.whole(2) is None
