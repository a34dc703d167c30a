"""Letters that come back: whom the desk tells, whom it writes to no more, and for how long."""

import json
from pathlib import Path

import pytest

from maild.model.mail import Envelope
from maild.notify.delivery import EnvelopeSender
from tests.stories.office import Office, Received

LUIS = "luis@cliente.test"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, assign="least_busy")


def _answered(office: Office) -> Received:
    """Luis has asked and an agent has answered: the letter that is about to come back."""
    office.write(LUIS)
    notice = office.letter("agent-new")
    office.answer(notice, "Pruebe ahora, por favor.")
    return office.letter("reply", LUIS)


def _report(
    letter: Received, status: str, action: str = "failed", said: str = "550 no"
) -> bytes:
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.test (Mail Delivery System)\r\n"
        "To: soporte@acme.test\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <{status}.{action}@mx.test>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.test\r\n\r\n"
        f"Final-Recipient: rfc822; {letter.to}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {letter.mail['Message-ID']}\r\nTo: {letter.to}\r\n\r\n--b--\r\n"
    ).encode()


def _acknowledged(office: Office) -> bool:
    """Days later Luis asks something new; does he hear that it arrived?"""
    office.clock.wind(days=2)
    office.write(LUIS, subject="Otra cosa")
    return any(letter.type == "acknowledgement" for letter in office.letters())


def _failures(office: Office) -> list[dict[str, object]]:
    return [e["detail"] for e in office.ticket()["events"] if e["kind"] == "delivery_failed"]


def test_a_bad_address_is_told_of_and_spared_for_sixty_days(office: Office) -> None:
    """The agent hears why; no automatic letter goes there for two months."""
    office.receive(_report(_answered(office), "5.1.1", said="550 5.1.1 no such user"))
    told = office.letter("delivery-failed", "ana@acme.test")
    assert LUIS in told.text
    assert "no such user" in told.text
    assert "Hasta el vie 7 ago 2026 no se le envían avisos automáticos" in told.text
    assert [detail["recipient"] for detail in _failures(office)] == [LUIS]
    assert not _acknowledged(office)
    office.clock.wind(days=57)
    assert _acknowledged(office)


def test_a_server_that_did_not_answer_for_five_days(office: Office) -> None:
    """That letter is lost and the agent hears of it; the next may well arrive."""
    office.receive(_report(_answered(office), "4.4.1", said="connect: timed out"))
    assert "timed out" in office.letter("delivery-failed", "ana@acme.test").text
    assert _acknowledged(office)


@pytest.mark.parametrize(
    ("status", "said"),
    [("5.2.2", "552 mailbox full"), ("5.7.1", "554 looks like spam"), ("5.3.4", "552 too big")],
)
def test_a_full_mailbox_or_a_refused_letter(office: Office, status: str, said: str) -> None:
    """The agent hears of it; the address is a good one, and gets the next letter."""
    office.receive(_report(_answered(office), status, said=said))
    told = office.letter("delivery-failed", "ana@acme.test").text
    assert said in told
    assert "no se le envían avisos automáticos" not in told
    assert _acknowledged(office)


def test_a_letter_that_is_only_late(office: Office) -> None:
    """It is kept on the ticket; nobody need do anything."""
    office.receive(_report(_answered(office), "4.4.1", "delayed"))
    assert not office.letters()
    assert _failures(office) == []
    assert office.ticket()["messages"][-1]["kind"] == "bounce"


def test_a_report_without_our_letter_s_id_comes_back_to_its_envelope(office: Office) -> None:
    """The signed envelope sender leads to the letter when the report gives nothing back."""
    letter = _answered(office)
    sender = EnvelopeSender(office.app.signer, office.app.settings.relay.envelope)
    envelope = sender.of(letter.posted.id, letter.posted.letter)
    raw = (
        "From: MAILER-DAEMON@mx.test\r\nTo: x@acme.test\r\nSubject: failure notice\r\n"
        f"Message-ID: <q@mx.test>\r\n\r\n<{LUIS}>:\r\n550 no such user\r\n"
    )
    office.receive(raw.encode(), Envelope("smtp", "", (envelope,)))
    assert [detail["recipient"] for detail in _failures(office)] == [LUIS]


def test_amazon_s_notice_is_a_report_like_any_other(office: Office) -> None:
    """Where a desk sends through SES, a notification service may write for the server."""
    letter = _answered(office)
    bounced = {"emailAddress": LUIS, "status": "5.1.1", "diagnosticCode": "smtp; 550 no one"}
    notice = {
        "notificationType": "Bounce",
        "bounce": {"bounceType": "Permanent", "bouncedRecipients": [bounced]},
        "mail": {"commonHeaders": {"messageId": letter.mail["Message-ID"]}},
    }
    body = json.dumps({"Type": "Notification", "Message": json.dumps(notice)})
    office.write("no-reply@sns.amazonaws.com", subject="AWS Notification Message", body=body)
    assert "550 no one" in office.letter("delivery-failed", "ana@acme.test").text


def test_a_forged_report_marks_nobody(office: Office) -> None:
    """It must name a letter of ours by an id that only its recipient has seen."""
    forged = _report(_answered(office), "5.1.1").replace(b"Message-ID: <", b"Message-ID: <x")
    office.receive(forged)
    assert _failures(office) == []
    assert _acknowledged(office)
