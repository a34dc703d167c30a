"""Signatures of mail: which of them prove who wrote, and how keys are looked up."""

import time
from collections.abc import Callable, Iterator

import pytest

from maild.ingest.dkim import check, is_aligned, wanted_keys
from maild.ingest.dkim_keys import KeyedReader, KeyRing
from maild.ingest.reader import read_here
from tests.servers.name_server import NameServer
from tests.servers.signer import MailSystem

MAIL = (
    b"From: Ana Ruiz <ana@acme.test>\r\nTo: soporte@acme.test\r\nSubject: Re: [ACME #1] x\r\n"
    b"Date: Mon, 08 Jun 2026 09:00:00 +0200\r\nMessage-ID: <a1@acme.test>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n#cerrar\r\n"
)
ACME = MailSystem()
KEYS = {ACME.name: ACME.record}
Alter = Callable[[bytes], bytes]


def because(raw: bytes, keys: dict[str, str] | None = None) -> str:
    """Why it is no proof; fails where it is one."""
    found = check(raw, "acme.test", KEYS if keys is None else keys)
    assert found.domain == "", found
    return found.because


def test_a_whole_signature_of_the_senders_domain_holds() -> None:
    """Its domain, and a sentence that names the key."""
    found = check(ACME.sign(MAIL), "acme.test", KEYS)
    assert (found.domain, found.because) == ("acme.test", "signed by acme.test (s1)")


ALTERED: dict[str, Alter] = {
    "a word of the body": lambda raw: raw.replace(b"#cerrar", b"#borrar"),
    "a line below": lambda raw: raw + b"#cerrar\r\n",
    "the subject": lambda raw: raw.replace(b"[ACME #1]", b"[ACME #2]"),
    "the recipient": lambda raw: raw.replace(b"To: soporte@", b"To: ventas@"),
    "the sender's name": lambda raw: raw.replace(b"Ana Ruiz", b"Eva Ruiz"),
    "a second From on top": lambda raw: b"From: eve@evil.test\r\n" + raw,
    "a second From below": lambda raw: raw.replace(b"MIME-", b"From: e@e.test\r\nMIME-", 1),
    "a second Subject": lambda raw: b"Subject: #cerrar\r\n" + raw,
    "a second To": lambda raw: b"To: soporte@acme.test\r\n" + raw,
    "another Content-Type": lambda raw: b"Content-Type: text/html\r\n" + raw,
    "a From with a blank": lambda raw: b"From : eve@evil.test\r\n" + raw,
    "a bare CR": lambda raw: raw.replace(b"MIME-", b"X: y\rFrom: e@e.test\r\nMIME-", 1),
    "a line of blanks": lambda raw: raw.replace(b"MIME-", b"X: y\r\n \r\n\t#x\r\nMIME-", 1),
    "no header's end": lambda raw: raw.split(b"\r\n\r\n")[0],
    "a run of blanks": lambda raw: raw + b" " * 5000 + b"x\r\n",
}  # fmt: skip


@pytest.mark.parametrize("alter", ALTERED.values(), ids=list(ALTERED))
def test_an_altered_mail_proves_nothing(alter: Alter) -> None:
    """Whatever was changed on the way, in the header or below."""
    assert because(alter(ACME.sign(MAIL)))


def test_a_signature_over_a_part_of_the_body_proves_nothing() -> None:
    """`l=`: what is written below could be anybody's."""
    signed = ACME.sign(MAIL, length=True)
    assert "l=" in because(signed + b"#cerrar\r\n")
    assert "l=" in because(signed)


@pytest.mark.parametrize(
    ("system", "words"),
    [
        (MailSystem("evil.test"), "no signature of the sender's domain"),
        (MailSystem("xacme.test"), "no signature of the sender's domain"),
        (MailSystem("mail.acme.test"), "no signature of the sender's domain"),
        (MailSystem(number=1), "does not hold"),
        (MailSystem(selector="s2"), "s2._domainkey.acme.test was not found"),
        (MailSystem(signs=(b"from", b"to", b"subject", b"date")), "does not cover Message-Id"),
        (MailSystem(signs=(b"from", b"message-id", b"subject", b"date")), "not cover To"),
        (MailSystem(signs=(b"from", b"to", b"date", b"message-id")), "not cover Subject"),
    ],
    ids=["another domain", "a like name", "a domain below", "another key", "no key",
         "no Message-ID", "no To", "no Subject"],
)  # fmt: skip
def test_a_signature_that_is_not_enough(system: MailSystem, words: str) -> None:
    """Of somebody else, of an unknown key, or over too little."""
    keys = KEYS | ({} if system.selector == "s2" else {ACME.name: ACME.record})
    if system.domain != "acme.test":
        keys[system.name] = system.record
    assert words in because(system.sign(MAIL), keys)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (ACME.record.replace("p=", "t=y; p="), "test"),
        (ACME.record.replace("p=", "h=sha1; p="), "another digest"),
        ("v=DKIM1; k=rsa; p=", "does not hold"),
        ("v=DKIM1; k=rsa; p=!!!", "does not hold"),
        ("", "no answer"),
        (MailSystem(bits=512).record, "does not hold"),
    ],
    ids=["a test", "sha1 only", "revoked", "rubbish", "DNS silent", "another short one"],
)
def test_a_key_that_does_not_count(record: str, words: str) -> None:
    """Revoked, broken, meant for tests, or not there to be read."""
    assert words in because(ACME.sign(MAIL), {ACME.name: record})


def test_a_key_that_is_too_short() -> None:
    """Anybody can compute a key of 768 bits today."""
    short = MailSystem(bits=768)
    assert "does not hold" in because(short.sign(MAIL), {short.name: short.record})


def test_sha1_is_no_proof() -> None:
    """RFC 8301."""
    assert "a kind that proves nothing" in because(ACME.sign(MAIL, algorithm="rsa-sha1"))


def test_the_second_signature_may_hold() -> None:
    """A list or a relay that signs as well takes nothing away."""
    twice = MailSystem("relay.test").sign(ACME.sign(MAIL))
    assert check(twice, "acme.test", KEYS).domain == "acme.test"


@pytest.mark.parametrize(
    ("author", "signer", "aligned"),
    [
        ("acme.test", "acme.test", True),
        ("mail.acme.test", "acme.test", True),
        ("acme.test", "mail.acme.test", False),
        ("xacme.test", "acme.test", False),
        ("acme.test", "test", False),
    ],
)
def test_who_signs_for_whom(author: str, signer: str, aligned: bool) -> None:
    """A domain speaks for itself and for what lies below it."""
    assert is_aligned(author, signer) is aligned


def test_only_keys_that_could_help_are_asked_for() -> None:
    """Two at most, of the From's own domain, whatever else the header holds."""
    raw = MailSystem("evil.test").sign(ACME.sign(MAIL))
    assert wanted_keys(raw) == [ACME.name]
    many = MAIL
    for n in range(4):
        many = MailSystem(selector=f"s{n}").sign(many)
    assert len(wanted_keys(many)) == 2
    assert wanted_keys(b"no header at all") == []
    assert wanted_keys(b"DKIM-Signature: d=acme.test; s=../x\r\n" + MAIL) == []


# -- looking up -------------------------------------------------------------------------------


@pytest.fixture
def dns() -> Iterator[NameServer]:
    """A name server that knows ACME's key."""
    server = NameServer({(ACME.name, "TXT"): ACME.texts})
    yield server
    server.close()


def test_a_key_is_looked_up_once(dns: NameServer) -> None:
    """And kept for ten minutes, also that one is not there."""
    clock = [0.0]
    ring = KeyRing(lambda: clock[0], dns.async_resolver())
    other = "s9._domainkey.acme.test"
    assert ring.find([ACME.name, other]) == {ACME.name: ACME.record}
    dns.close()
    assert ring.find([ACME.name, other]) == {ACME.name: ACME.record}
    clock[0] = 61.0
    ring.patience = 0.3
    assert ring.find([ACME.name, other]) == {ACME.name: ACME.record, other: ""}


def test_a_silent_dns_costs_little_and_once() -> None:
    """Twenty names at once wait together, and then nobody asks for a minute."""
    server = NameServer({}, silent=True)
    ring = KeyRing(time.monotonic, server.async_resolver(), patience=0.4)
    names = [f"s{n}._domainkey.acme.test" for n in range(20)]
    began = time.monotonic()
    assert ring.find(names) == dict.fromkeys(names, "")
    assert time.monotonic() - began < 2
    began = time.monotonic()
    assert ring.find(names) == dict.fromkeys(names, "")
    assert time.monotonic() - began < 0.1
    server.close()


class _Here:
    def stream(self, items):
        return map(read_here, items)


def test_only_the_house_is_looked_at(dns: NameServer) -> None:
    """A stranger's mail asks DNS nothing, and its signatures stay unread."""
    ring = KeyRing(time.monotonic, dns.async_resolver())
    reader = KeyedReader(_Here(), ring, lambda email: email.casefold() == "ana@acme.test")
    signed = ACME.sign(MAIL)
    stranger = ACME.sign(MAIL.replace(b"ana@", b"luis@"))
    plain = MAIL.replace(b"a1@", b"a2@")
    of_ana, of_luis, unsigned = reader.stream([(signed, None), (stranger, None), (plain, None)])
    assert of_ana.signing is not None
    assert of_ana.signing.domain == "acme.test"
    assert of_luis.signing is None
    assert unsigned.signing is None


def test_time_for_a_large_mail() -> None:
    """15 MB of attachment in lines: a second or two, in the sandbox."""
    large = MAIL + (b"QUJD" * 19 + b"\r\n") * 195_000
    signed = ACME.sign(large)
    began = time.monotonic()
    assert check(signed, "acme.test", KEYS).domain == "acme.test"
    assert time.monotonic() - began < 5
