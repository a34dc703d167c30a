"""What bounces say, by the systems that write them; expectations in `expected.json`."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.ingest.delivery_report import read_report
from maild.ingest.parse import parse
from maild.model.mail import Address, Attachment, DeliveryReport, Mail

BOUNCES = Path(__file__).parent / "mails" / "bounces"
EXPECTED = json.loads((BOUNCES / "expected.json").read_text())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_report_names_who_why_and_which_mail(name: str) -> None:
    """Recipient, status code, action, a line for people, and the id of our letter."""
    report = read_report(parse((BOUNCES / f"{name}.eml").read_bytes()))
    wanted = EXPECTED[name]
    assert report is not None
    assert report.recipient == wanted["recipient"]
    assert report.status == wanted["status"]
    assert report.action == wanted["action"]
    assert list(report.message_ids) == wanted["message_ids"]
    assert wanted["says"] in report.reason
    assert len(report.reason) <= 200
    assert "\n" not in report.reason


def test_every_bounce_on_file_has_its_expectation() -> None:
    """A mail that no test reads would rot."""
    assert {path.stem for path in BOUNCES.glob("*.eml")} == EXPECTED.keys()


def test_a_delay_and_a_success_are_no_failure() -> None:
    """The agent is told of letters that will not arrive, and of no others."""
    failed = {name for name, report in _reports() if report.failed}
    assert failed == {name for name, wanted in EXPECTED.items() if wanted["action"] == "failed"}


def test_an_address_is_bad_only_when_the_server_says_so() -> None:
    """A server that did not answer for five days may answer next week."""
    bad = {name for name, report in _reports() if report.permanent}
    assert "postfix-gave-up" not in bad
    assert bad == {
        name
        for name, wanted in EXPECTED.items()
        if wanted["action"] == "failed"
        and not wanted["status"].startswith("4")
        and not wanted.get("passes")
    }


def test_a_full_mailbox_or_a_refused_letter_is_no_bad_address() -> None:
    """Room is made, and the next letter may please: neither silences the desk for 60 days."""
    passing = {name for name, report in _reports() if report.passes}
    assert passing == {name for name, wanted in EXPECTED.items() if wanted.get("passes")}
    assert not any(report.permanent for _, report in _reports() if report.passes)


def _reports() -> Iterator[tuple[str, DeliveryReport]]:
    for name in EXPECTED:
        report = read_report(parse((BOUNCES / f"{name}.eml").read_bytes()))
        assert report is not None
        yield name, report


def test_what_the_original_referred_to_was_delivered() -> None:
    """Ids in the original's References must not mark older letters as failed."""
    report = read_report(parse((BOUNCES / "postfix-unknown.eml").read_bytes()))
    assert report is not None
    assert report.message_ids == ("<t1042.e7.k9@acme.example>",)


def test_a_mail_that_names_nothing_is_no_report() -> None:
    """Neither address nor code nor id: there is nothing to tie it to."""
    assert read_report(Mail(subject="Hola", text="¿Qué tal?")) is None


@settings(max_examples=300, deadline=2000)
@given(text=st.text(max_size=300), content=st.binary(max_size=300), kind=st.booleans())
def test_a_broken_report_never_raises(text: str, content: bytes, kind: bool) -> None:
    """Reports are written by the worst of programs."""
    type_ = "message/delivery-status" if kind else "message/rfc822"
    mail = Mail(subject="x", text=text, attachments=(Attachment("x", type_, content),))
    report = read_report(mail)
    assert report is None or len(report.reason) <= 200


@pytest.mark.parametrize(
    "text", ["a@" * 500_000, "<" * 1_000_000, "\n" * 500_000, "a." * 500_000]
)
def test_a_huge_report_is_read_only_at_its_beginning(text: str) -> None:
    """A megabyte takes less than a second of processor time."""
    began = time.process_time()
    read_report(Mail(from_=Address("", "mailer-daemon@x.example"), text=text))
    assert time.process_time() - began < 1.0
