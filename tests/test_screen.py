"""What kind of mail it is. Each file of `mails/automatic` is named for its kind."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.ingest.parse import parse
from maild.ingest.screen import screen
from maild.model.mail import Address, Attachment, Automatic, Mail

MAILS = Path(__file__).parent / "mails"
AUTOMATIC = sorted(path.name for path in (MAILS / "automatic").glob("*.eml"))
BOUNCES = sorted(path.name for path in (MAILS / "bounces").glob("*.eml"))
PERSONS = [name for name in AUTOMATIC if name.startswith("person--")]
REPLIES = sorted(path.name for path in (MAILS / "replies").glob("*.txt"))


def _mail(folder: str, name: str) -> Mail:
    return parse((MAILS / folder / name).read_bytes())


@pytest.mark.parametrize("name", AUTOMATIC)
def test_each_mail_is_told_for_what_it_is(name: str) -> None:
    """Away messages, reactions, receipts, recalls, robots, our own; and people."""
    kind = name.partition("--")[0]
    verdict = screen(_mail("automatic", name))
    assert (verdict.automatic or "person") == kind, verdict.because
    assert bool(verdict.because) == (kind != "person")


@pytest.mark.parametrize("name", BOUNCES)
def test_a_delivery_report_is_a_bounce_and_is_read(name: str) -> None:
    """Whatever system wrote it, it comes with what it says."""
    verdict = screen(_mail("bounces", name))
    assert verdict.automatic is Automatic.BOUNCE
    assert verdict.report is not None


@pytest.mark.parametrize("name", REPLIES)
def test_no_reply_of_a_person_is_taken_for_a_machine(name: str) -> None:
    """Texts with all their quotations, logs and signatures are people's."""
    text = (MAILS / "replies" / name).read_text()
    mail = Mail(
        subject="Re: [ACME #1042] Mail delivery failed",
        from_=Address("Ana", "ana@cliente.example"),
        text=text,
        reply=text,
        references=("<t1042.e7.k9@acme.example>",),
    )
    assert screen(mail).automatic is None


def test_the_parser_screens_what_it_reads() -> None:
    """A parsed mail carries its verdict."""
    assert _mail("automatic", "reaction--gmail-es.eml").screening.automatic == "reaction"
    assert _mail("bounces", "postfix-unknown.eml").screening.automatic == "bounce"


def test_the_reason_names_the_sign_that_decided() -> None:
    """`maild why` quotes it."""
    assert screen(_mail("automatic", "auto-reply--sieve.eml")).because == (
        "Auto-Submitted: auto-replied (vacation)"
    )
    assert screen(_mail("automatic", "no-answer--list-human.eml")).because == "Precedence: list"


@pytest.mark.parametrize("name", [n for n in PERSONS if "null-sender" not in n])
def test_an_empty_envelope_sender_alone_only_stops_answers(name: str) -> None:
    """What answers a mail stays a person's; a new mail is a request not to be answered."""
    mail = _mail("automatic", name)
    verdict = screen(mail, envelope_sender="")
    if mail.references:
        assert verdict.automatic in (None, Automatic.AUTO_REPLY)
    elif "bounce" not in name and "holidays" not in name:
        assert verdict.automatic is Automatic.NO_ANSWER


def test_the_envelope_speaks_louder_than_a_return_path_of_old() -> None:
    """The door knows MAIL FROM; a header that came with the mail proves nothing."""
    mail = _mail("automatic", "no-answer--null-sender-alone.eml")
    assert screen(mail, envelope_sender="ana@cliente.example").automatic is None


def test_another_desks_answer_is_not_our_own_mail() -> None:
    """With a foreign X-Maild-Type a person's reply is a person's, its receipt an auto-reply."""
    reply = _mail("automatic", "own--reply.eml")
    assert screen(reply).automatic is Automatic.OWN
    assert screen(reply, ours=False).automatic is None
    receipt = _mail("automatic", "own--acknowledgement.eml")
    assert screen(receipt, ours=False).automatic is Automatic.AUTO_REPLY


def test_a_report_attached_by_a_person_is_a_question() -> None:
    """Somebody shows us a bounce; only a mail system's own report is one."""
    part = Attachment("details.txt", "message/delivery-status", b"Action: failed\n")
    mail = Mail(
        subject="¿Qué es esto?",
        from_=Address("Ana", "ana@cliente.example"),
        text="Me ha llegado esto.",
        headers=(("Content-Type", 'multipart/mixed; boundary="x"'),),
        attachments=(part,),
    )
    assert screen(mail).automatic is None


_NAMES = st.sampled_from(
    [
        *("Auto-Submitted", "Precedence", "Return-Path", "Content-Type", "X-Autoreply"),
        *("List-Id", "X-Auto-Response-Suppress", "X-Failed-Recipients", "Content-Disposition"),
    ]
)
_WORDS = st.one_of(
    st.sampled_from(
        ["", "no", "<>", "multipart/report; report-type=", "👍", "Read: x", "bulk"]
    ),
    st.text(max_size=30),
)


@settings(max_examples=300, deadline=2000)
@given(
    headers=st.lists(st.tuples(_NAMES, _WORDS), max_size=4).map(tuple),
    subject=_WORDS,
    text=_WORDS,
    address=_WORDS,
    content=st.binary(max_size=60),
)
def test_no_mail_is_too_odd_to_be_screened(
    headers: tuple[tuple[str, str], ...], subject: str, text: str, address: str, content: bytes
) -> None:
    """Whatever the fields hold, there is a verdict, and a sign where it is automatic."""
    part = Attachment("x", "message/delivery-status", content)
    mail = Mail(
        subject=subject,
        from_=Address("", address),
        text=text,
        headers=headers,
        attachments=(part,),
    )
    verdict = screen(mail)
    assert (verdict.automatic is None) == (verdict.because == "")
