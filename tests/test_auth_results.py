"""Authentication-Results: the topmost one, of the server the admin names, word for word."""

import time

import pytest

from maild.ingest.parse import parse
from maild.ingest.trust import AuthResults, dmarc_result
from maild.model.mail import Envelope

OURS = AuthResults("mx.acme.test")
MICROSOFT = AuthResults("microsoft365", frozenset({"imap:main"}))
IMAP = Envelope("imap:main")

EXCHANGE = (
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=acme.test; dkim=pass (signature was "
    "verified) header.d=acme.test;dmarc={} action=none header.from=acme.test;compauth=pass "
    "reason=100"
)
GMAIL = (
    "mx.acme.test; dkim=pass header.i=@acme.test header.s=k1 header.b=AbC; spf=pass "
    "(mx.acme.test: domain of ana@acme.test designates 192.0.2.1 as permitted sender) "
    "smtp.mailfrom=ana@acme.test; dmarc={} (p=REJECT sp=REJECT dis=NONE) header.from=acme.test"
)


def verdict(results: AuthResults, *headers: str, source: Envelope = IMAP) -> str | None:
    """What is believed of a mail from ana@acme.test with these fields, topmost first."""
    fields = "".join(f"Authentication-Results: {h}\r\n" for h in headers)
    raw = f"{fields}From: Ana <ana@acme.test>\r\nSubject: x\r\n\r\nx\r\n".encode()
    return dmarc_result(parse(raw), source, results)


@pytest.mark.parametrize("word", ["pass", "fail", "none"])
def test_what_servers_write(word: str) -> None:
    """Gmail's and Postfix's form, with the server's id; Exchange Online's, without one."""
    assert verdict(OURS, GMAIL.format(word)) == word
    assert verdict(OURS, f"MX.acme.test; dmarc={word} header.from=acme.test") == word
    assert verdict(MICROSOFT, EXCHANGE.format(word)) == word


def test_only_the_topmost_field_counts() -> None:
    """Those below may have come with the mail."""
    assert verdict(OURS, GMAIL.format("fail"), GMAIL.format("pass")) == "fail"
    assert verdict(OURS, "other.test; dmarc=pass", GMAIL.format("pass")) is None
    assert verdict(MICROSOFT, EXCHANGE.format("none"), EXCHANGE.format("pass")) == "none"


def test_microsoft_is_believed_in_its_own_mailboxes_only() -> None:
    """Not at the door, not in another mailbox; and a field that bears an id is not
    Exchange Online's, whatever it says."""
    good = EXCHANGE.format("pass")
    assert verdict(MICROSOFT, good, source=Envelope("imap:other")) is None
    assert verdict(MICROSOFT, good, source=Envelope("smtp", "ana@acme.test")) is None
    assert verdict(MICROSOFT, f"mx.evil.test; {good}") is None
    assert verdict(MICROSOFT, GMAIL.format("pass")) is None
    assert verdict(OURS, good) is None


@pytest.mark.parametrize(
    "sender",
    [
        "dmarc=pass@evil.test",
        '"; dmarc=pass header.from=acme.test; x"@evil.test',
        '"dmarc=pass header.from=acme.test"@evil.test',
        '"\\"; dmarc=pass header.from=acme.test"@evil.test',
    ],
)
def test_a_verdict_in_the_senders_own_words(sender: str) -> None:
    """An envelope sender that looks like a result, in a comment or as a value, is none."""
    fail = "dmarc=fail header.from=acme.test"
    for said in (
        f"mx.acme.test; spf=pass smtp.mailfrom={sender}; {fail}",
        f"mx.acme.test; spf=pass (domain of {sender} (; dmarc=pass) is fine) x=y; {fail}",
    ):
        assert verdict(OURS, said) == "fail"
    assert verdict(MICROSOFT, f"spf=pass smtp.mailfrom={sender}; {fail}") == "fail"
    assert verdict(OURS, f"mx.acme.test; spf=pass smtp.mailfrom={sender}") in (None, "fail")


def test_a_pass_for_another_domain_is_none() -> None:
    """header.from names whose pass it is; of two verdicts the worse one holds."""
    assert verdict(OURS, "mx.acme.test; dmarc=pass header.from=evil.test") is None
    both = "mx.acme.test; dmarc=pass header.from=acme.test; dmarc=fail header.from=acme.test"
    assert verdict(OURS, both) == "fail"


def test_a_field_without_end() -> None:
    """A megabyte of brackets and quotes is over in no time."""
    began = time.perf_counter()
    for flood in ("(" * 1_000_000, '"' * 999_999, "\\" * 999_999, ";" * 1_000_000):
        assert verdict(OURS, f"mx.acme.test; {flood} dmarc=pass") is None
    assert time.perf_counter() - began < 5
