"""Header fields: encoded words, parameters, addresses, ids, dates and repairs."""

from datetime import UTC, datetime

import pytest

from maild.ingest import addresses, filenames, headers, words
from maild.ingest.who import who
from maild.model.mail import Address


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("=?utf-8?B?w7E=?=\r\n =?utf-8?B?w7E=?=", "ññ"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=B1?=", "ñ"),
        ("=?utf-8?B?4pyT4p?= =?utf-8?B?yT?=", "✓✓"),
        ("a =?utf-8?q?b?= =?latin1?q?=F1?= c", "a bñ c"),
        ("\udcf1and\udcfa", "ñandú"),
        ("=?utf-8?q?abc =?utf-8?q?def?=", "=?utf-8?q?abc def"),
        ("=?utf-8?q?hola", "hola"),
        ("a=?utf-8?Q?=C3=\r\n B1=C\r\n 3=B1?=", "aññ"),
        ("=?utf-8?Q?la de hoy?=", "la de hoy"),
        ("2 =? 3", "2 =? 3"),
        ("a\u2028b\u202ec\u200fd\x00e\x1bf", "a bcdef"),
        ("a\r\n\t b", "a b"),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    """A value becomes one clean line of what was meant."""
    assert words.decode(value) == text


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('attachment; filename="a;b.txt"', "a;b.txt"),
        ("attachment; filename*=utf-8''%e2%82%ac.pdf", "€.pdf"),
        ("a; filename*0*=utf-8''%e2; filename*1*=%82%ac; filename*2=\" x.pdf\"", "€ x.pdf"),
        ('a; filename*0="=?utf-8?q?f=C3?="; filename*1="=?utf-8?q?=A1.pdf?="', "fá.pdf"),
        ("a; filename==?utf-8?q?f=C3=A1.pdf?=", "fá.pdf"),
        ("a; filename=mi fichero.pdf", "mi fichero.pdf"),
        ('a; filename="f\udce1.pdf', "fá.pdf"),
        ("a;filename=utf-8''f%C3%A1.pdf", "fá.pdf"),
        ('a; filename="a\\"b.txt"', 'a"b.txt'),
        ('a; x="y; filename=b.txt', "b.txt"),
        ('attachment\r\n filename="b.txt"', "b.txt"),
        ("attachment\r\n x=y\r\n filename*0*=utf-8''b%20\r\n filename*1=c.txt", "b c.txt"),
        ('a; filename="=?utf-8?Q?b=C3=B1?=\r\n =?utf-8?Q?c.txt?="', "bñc.txt"),
        ("a ;;;;; = ;; filename=b.txt", "b.txt"),
        ("a; filename*1*=%A9; filename*0*=ISO-8859-1''%E9", "é©"),
    ],
)
def test_parameters(value: str, name: str) -> None:
    """A file name is found however it was written."""
    assert words.parameter(words.parameters(value), "filename") == name


@pytest.mark.parametrize(
    ("value", "found", "named"),
    [
        ('"Ruiz, Ana" <ana@x>, b@y (Bob)', [("Ruiz, Ana", "ana@x"), ("Bob", "b@y")], None),
        ("undisclosed-recipients:;", [], None),
        ("G: a@x, B <b@x>;, c@x", [("", "a@x"), ("B", "b@x"), ("", "c@x")], None),
        ("=?utf-8?Q?Ruiz,_Ana?= <ana@x>", [("Ruiz, Ana", "ana@x")], None),
        ("=?utf-8?q?a@b?= <ana@x>", [("a@b", "ana@x")], None),
        ("<@r1,@r2:joe@x>", [("", "joe@x")], None),
        ('"joe.s"@x.test', [("", '"joe.s"@x.test')], None),
        ("Ana <mailto:ana@x>", [("Ana", "ana@x")], None),
        ("(a) Ana (b) <a@x> (c)", [("Ana (a b c)", "a@x")], None),
        ("Ana ana@x.test", [("Ana", "ana@x.test")], None),
        ('"Ruiz, Ana" ana@x.test', [("Ruiz, Ana", "ana@x.test")], None),
        ("=?gb2312?B?086yyZjl?= a@x.test", [("游采樺", "a@x.test")], None),
        ('"boss@ok" e@evil', [("boss@ok", "e@evil")], ["e@evil"]),
        ("a@x; b@y", [("", "a@x"), ("", "b@y")], None),
        ("a@[127.0.0.1]", [("", "a@[127.0.0.1]")], None),
        ("<>", [], None),
        ("Ana <a@x> (Ventas)", [("Ana (Ventas)", "a@x")], None),
        ("Ana <a@x(host).  test>", [("Ana (host)", "a@x.test")], None),
        ("<mailto:a@x?subject=y>", [("", "a@x")], None),
        ('"unclosed <a@x>', [("unclosed", "a@x")], None),
        ("a@x b@y", [("b@y", "a@x")], ["a@x", "b@y"]),
        ("boss@ok <e@evil>", [("boss@ok", "e@evil")], ["boss@ok", "e@evil"]),
        ('"boss@ok" <e@evil>', [("boss@ok", "e@evil")], ["e@evil"]),
        ("a@ok (b@evil)", [("b@evil", "a@ok")], ["a@ok"]),
    ],
)
def test_addresses(value: str, found: list[tuple[str, str]], named: list[str] | None) -> None:
    """Mailboxes are read, and every address that could pass for the sender is listed."""
    assert [(a.name, a.email) for a in addresses.mailboxes(value)] == found
    expected = [email for _, email in found] if named is None else named
    assert sorted(addresses.named(value)) == sorted(expected)


@pytest.mark.parametrize(
    "forms",
    [
        ["a@ok.test, b@evil.test"],
        ["a@ok.test", "b@evil.test"],
        ["a@ok.test", "a@ok.test, b@evil.test"],
        ["Group: a@ok.test, b@evil.test;"],
        ["a@ok.test <b@evil.test>"],
        ["<a@ok.test> <b@evil.test>"],
        ["a@ok.test; b@evil.test"],
        ["a@ok.test b@evil.test"],
        ["a@ok.test)b@evil.test"],
        ["b@evil.test (x) a@ok.test"],
        ["<a@ok.test,b@evil.test>"],
        ["a@ok.test\r\n ,b@evil.test"],
        ["b@evil.test:a@ok.test"],
        ["b@evil.test <a@ok.test"],
        ["<b@evil.test>, a@ok.test"],
    ],
)
def test_ambiguous_from_names_all(forms: list[str]) -> None:
    """Where two addresses could be the sender, both are listed, so that neither is believed."""
    people = who([("From", form) for form in forms], None)
    assert {"a@ok.test", "b@evil.test"} <= {sender.key for sender in people.senders}


@pytest.mark.parametrize(
    "form",
    [
        "a@ok.test",
        "Ana <a@ok.test>",
        '"Ruiz, Ana" <a@ok.test>',
        '"b@evil.test" <a@ok.test>',
        "a@ok.test (b@evil.test)",
        "A@OK.test <a@ok.test>",
        "=?utf-8?q?b=40evil.test?= <a@ok.test>",
        "=?utf-8?Q?Jos=C3=A9,_el_de_siempre?= <a@ok.test>",
        "Jos\udce9 <a@ok.test>",
        "José <a@ok.test>".encode().decode("ascii", "surrogateescape"),
    ],
)
def test_one_sender_stays_one(form: str) -> None:
    """Ordinary forms of one sender are no ambiguity."""
    assert [s.key for s in who([("From", form)], None).senders] == ["a@ok.test"]


def test_references_are_capped() -> None:
    """Of too many ids the first and the last 199 are kept."""
    fields = [
        ("References", " ".join(f"<{n}@x>" for n in range(1000))),
        ("In-Reply-To", "<q@x>"),
    ]
    found = headers.references(fields)
    assert (len(found), found[0], found[1], found[-1]) == (200, "<0@x>", "<802@x>", "<q@x>")


def test_an_id_that_folding_cut_is_joined() -> None:
    """Blanks inside an id's brackets are taken out."""
    assert headers.ids(["<abc\r\n def@x>"]) == ["<abcdef@x>"]


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Mon, 2 Mar 2026 09:00:00 +0100", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("2 Mar 26 09:00 GMT", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("Mon, 2 Mar 2026 09:00:00 EST", datetime(2026, 3, 2, 14, tzinfo=UTC)),
        ("Mon, 2 Mar 2026 09:00 CET", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("Mon, 2 Mar 2026 09:00:00 +01:00", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("Mon, 2 Mar 2026 09:00:00 GMT+0100", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("2026-03-02T09:00:00+01:00", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("Mon Mar  2 09:00:00 2026", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2 Mar 2026 (a (b) c) 09:00 +0100", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 99 Mar 2026 09:00:00 +0100", None),
        ("Mon, 1 Jan 0001 00:00:00 +0000", datetime(2001, 1, 1, tzinfo=UTC)),
        ("", None),
    ],
)
def test_dates(value: str, date: datetime | None) -> None:
    """Dates are UTC, or nothing."""
    assert who([("Date", value)], None).date == date


def test_from_falls_back() -> None:
    """Without From the mail is shown as from Reply-To, Sender, Return-Path or the envelope."""
    fields = [("Return-Path", "<r@x>"), ("Sender", "s@x"), ("Reply-To", "p@x")]
    assert who(fields, None).from_ == Address("", "p@x")
    assert who(fields[:2], None).from_ == Address("", "s@x")
    assert who(fields[:1], None).from_ == Address("", "r@x")
    assert who([], None, envelope_sender="e@x").from_ == Address("", "e@x")
    assert who([], None, envelope_sender="").from_ is None


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Temp\\x.pdf", "x.pdf"),
        ("a\x00b.txt", "ab.txt"),
        ("x\u202efdp.exe", "xfdp.exe"),
        (".bashrc", "bashrc"),
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        ("console.txt", "console.txt"),
        ("..", ""),
        ("x" * 4000 + ".pdf", "x" * 116 + ".pdf"),
        ("ñ" * 4000, "ñ" * 60),
        ("factura año.pdf", "factura año.pdf"),
    ],
)
def test_file_names_are_safe(name: str, safe: str) -> None:
    """No name leads anywhere, hides its ending or is too long."""
    assert filenames.safe(name) == safe


def test_unnamed_parts_get_a_name_with_an_ending() -> None:
    """A name tells what the part is, and is the same each time."""
    kinds = ["application/pdf", "image/jpeg", "text/calendar", "text/x-odd", "x/y"]
    assert [filenames.invented(kind) for kind in kinds] == [
        "attachment.pdf",
        "image.jpg",
        "invite.ics",
        "attachment.txt",
        "attachment.bin",
    ]
