"""How raw bytes become a `Mail`: one small mail for each thing that goes wrong in the world."""

import base64
import hashlib
import json
import quopri
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.cli.mail_lines import as_json
from maild.ingest.parse import parse
from maild.ingest.part import read_tree
from maild.model.mail import Mail

MAILS = Path(__file__).parent / "mails" / "parse"
NAMES = sorted(path.stem for path in MAILS.glob("*.eml"))
FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def shown(mail: Mail) -> dict[str, Any]:
    """A mail as `maild parse` prints it, with what only the program sees."""
    known = as_json(None, mail)
    return known | {"senders": [a.email for a in mail.senders], "encrypted": mail.encrypted}


@pytest.mark.parametrize("name", NAMES)
def test_mail_is_read_as_it_was_meant(name: str) -> None:
    """Each mail of the collection gives the fields that stand beside it."""
    wanted = json.loads((MAILS / f"{name}.json").read_text())
    got = shown(parse((MAILS / f"{name}.eml").read_bytes()))
    pairs = zip(got["attachments"], wanted.get("attachments", ()), strict=False)
    for attachment, expected in pairs:
        for key in attachment.keys() - expected.keys():
            del attachment[key]
    assert {key: got[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text /plain; charset=utf-8", "text/plain"),
        (" IMAGE / Jpeg", "image/jpeg"),
        ("image/jpg", "image/jpg"),
        ('application/pdf\n name="x.pdf"', "application/pdf"),
        ("multipart;boundary=b", "multipart/mixed"),
        ("text/html(comment)", "text/html"),
        ("html", "text/html"),
        ("/", "text/plain"),
        ("", "text/plain"),
    ],
)
def test_content_types(value: str, kind: str) -> None:
    """What a part is, however it was spelt."""
    assert read_tree(f"Content-Type: {value}\n\nx".encode()).media_type == kind


def test_the_collection_is_complete() -> None:
    """Every mail has its expectation and the other way round, and there are many."""
    assert {path.stem for path in MAILS.glob("*.json")} == set(NAMES)
    assert len(NAMES) >= 120


# -- properties --------------------------------------------------------------------------


def fields_of(mail: Mail) -> list[str]:
    """Every field that has to be one clean line."""
    people = [*mail.senders, *mail.reply_to, *mail.to, *mail.cc]
    people += [mail.from_] if mail.from_ else []
    return [
        mail.subject,
        mail.message_id or "",
        mail.error or "",
        *mail.references,
        *(text for person in people for text in (person.name, person.email)),
        *(text for header in mail.headers for text in header),
        *(text for a in mail.attachments for text in (a.filename, a.content_type)),
        *(a.content_id or "" for a in mail.attachments),
    ]


def check(raw: bytes) -> Mail:
    """Read, and hold what came out against what a `Mail` promises."""
    started = time.monotonic()
    mail = parse(raw)
    assert time.monotonic() - started < 10
    for text in fields_of(mail):
        assert not FORBIDDEN.search(text), text
    for body in (mail.text, mail.html or "", mail.reply, mail.quoted):
        assert not FORBIDDEN.search(body.replace("\n", "").replace("\t", "")), body
    assert all(len(a.filename.encode()) <= 120 and a.filename for a in mail.attachments)
    assert all("/" not in a.filename and "\\" not in a.filename for a in mail.attachments)
    assert len(mail.references) <= 200
    return mail


@pytest.mark.parametrize("name", NAMES)
def test_cut_anywhere(name: str) -> None:
    """A mail that ends too early is read as far as it goes."""
    raw = (MAILS / f"{name}.eml").read_bytes()[:3000]
    for end in range(0, len(raw), max(1, len(raw) // 12)):
        assert check(raw[:end]).error is None or "header fields" in (check(raw).error or "x")


def mutated(rng: random.Random, raws: list[bytes]) -> bytes:
    """A mail with a few faults: bytes changed, pieces doubled, lost or taken from another."""
    raw = bytearray(rng.choice(raws))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(raw) + 1)
        piece = rng.choice(raws)
        start = rng.randrange(len(piece) + 1)
        match rng.randrange(5):
            case 0:
                raw[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del raw[at : at + rng.randint(1, 40)]
            case 2:
                raw[at:at] = piece[start : start + rng.randint(1, 200)]
            case 3:
                raw[at:at] = rng.choice(SPICES)
            case _:
                raw[at : at + 200] = raw[at : at + 200] * 2
    return bytes(raw)


SPICES = [
    b"\r\n\r\n",
    b"\n",
    b"\x00",
    b"=?utf-8?q?=0D=0A?=",
    b"=?gb2312?B?",
    b"?=",
    b'"',
    b"(",
    b"<",
    b"\xff\xfe",
    b"\x1b$B",
    b"\xed\xa0\x80",
    b"\nContent-Type: multipart/mixed; boundary=x\n",
    b"\n--sepmix\n",
    b"; charset=utf-7",
    b"; name*0*=utf-16''%00",
    b"\xe2\x80\xae",
    b"&#0;&#xD800;",
]


def fuzz(seconds: float, seed: int) -> int:
    rng = random.Random(seed)
    raws = [(MAILS / f"{name}.eml").read_bytes()[:5000] for name in NAMES]
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        raw = mutated(rng, raws)
        mail = check(raw)
        assert mail.error is None or mail.error.startswith("it has more than"), (
            mail.error,
            raw,
        )
        count += 1
    return count


def test_mutated_mails() -> None:
    """However a mail is damaged, it is read, in time, into clean fields."""
    assert fuzz(5, seed=7) > 200


@pytest.mark.proof
def test_mutated_mails_for_long(record_property: Callable[[str, object], None]) -> None:
    """The same for a minute."""
    count = fuzz(60, seed=8)
    record_property("figure", f"{count} mutated mails: 0 uncaught")
    record_property("target", "0 uncaught")
    assert count > 2_500


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes(raw: bytes) -> None:
    """Bytes that are no mail at all still give a clean one."""
    assert check(raw).error is None


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=3, max_size=80),
    st.sampled_from(["utf-8", "utf-16", "cp1252", "gb18030", "koi8-r", "cp932", "iso8859-15"]),
    st.sampled_from(["8bit", "base64", "quoted-printable"]),
)
def test_no_character_is_given_up(text: str, charset: str, encoding: str) -> None:
    """Text in its declared charset comes back whole, without a replacement character."""
    try:
        data = text.encode(charset)
    except UnicodeEncodeError:
        return
    if encoding == "base64":
        data = base64.encodebytes(data)
    elif encoding == "quoted-printable":
        data = quopri.encodestring(data)
    elif b"\n" in data or b"\r" in data:
        return
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}"
    assert check(head.encode() + b"\n\n" + data).text.count("\ufffd") == text.count("\ufffd")


def test_every_leaf_is_accounted_for() -> None:
    """Each part of a mixed mail is found again: in the text, the HTML, or as an attachment."""
    for seed in range(200):
        rng = random.Random(seed)
        raw, markers = grown(rng)
        mail = parse(raw)
        held = mail.text + (mail.html or "")
        held += "".join(a.content.decode("latin-1") for a in mail.attachments)
        assert [m for m in markers if m not in held] == [], raw.decode()


def grown(rng: random.Random) -> tuple[bytes, list[str]]:
    """A random tree of parts, and the marker word of each of its leaves."""
    markers: list[str] = []

    def part(depth: int) -> str:
        kinds = "mixed alternative related signed report digest encrypted x-odd".split()
        if depth < 4 and rng.random() < 0.5 - 0.08 * depth:
            mark = f"b{rng.randrange(10**9)}"
            inner = "".join(f"--{mark}\n{part(depth + 1)}\n" for _ in range(rng.randint(1, 4)))
            head = f"Content-Type: multipart/{rng.choice(kinds)}; boundary={mark}"
            return f"{head}\n\n{inner}--{mark}--\n"
        markers.append(f"MK{len(markers)}X{rng.randrange(10**6)}Y")
        kind = rng.choice("text/plain text/html application/pdf image/png text/csv".split())
        name = rng.choice(["", "; name=a.txt"])
        disposition = rng.choice(
            ["", "Content-Disposition: inline\n", "Content-Disposition: attachment\n"]
        )
        return f"Content-Type: {kind}{name}\n{disposition}\n{markers[-1]}\n"

    return f"From: ana@x.test\nSubject: x\n{part(0)}".encode(), markers


# -- the command -------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("plain", "pdf_without_name", "bounce"):
        (tmp_path / f"{name}.eml").write_bytes((MAILS / f"{name}.eml").read_bytes())
    return tmp_path


def run(*args: str, stdin: str = "") -> tuple[int, list[dict[str, Any]]]:
    """`maild parse` in a process of its own: its exit status and its lines."""
    program = "import typer; from maild.cli.parse import parse; typer.run(parse)"
    done = subprocess.run(
        [sys.executable, "-c", program, *args],
        input=stdin.encode(),
        capture_output=True,
        cwd=Path(__file__).parent.parent,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_one_line_per_file(folder: Path) -> None:
    """Files are shown in order; one that is not there gives a line and exit status 1."""
    paths = [str(folder / f"{name}.eml") for name in ("plain", "missing", "bounce")]
    status, lines = run(*paths)
    assert status == 1
    assert [line["file"] for line in lines] == paths
    assert [line["automatic"] for line in lines] == [None, None, "bounce"]
    assert "No such file" in lines[1]["error"]
    assert lines[0]["date"] == "2026-03-02T08:00:00Z"
    assert lines[0]["reply"]


def test_paths_from_stdin(folder: Path) -> None:
    """With --batch, hundreds of paths come back as as many lines, in order."""
    paths = [str(folder / "plain.eml"), str(folder / "bounce.eml")] * 150
    status, lines = run("--batch", stdin="\n".join(paths) + "\n\n")
    assert (status, [line["file"] for line in lines]) == (0, paths)


def test_a_message_from_stdin() -> None:
    """Without files the message itself is read from stdin."""
    status, lines = run(stdin="Subject: hola\n\nuno\n")
    assert status == 0
    assert [(line["file"], line["subject"], line["text"]) for line in lines] == [
        (None, "hola", "uno")
    ]


def test_contents_in_base64(folder: Path) -> None:
    """With --content each attachment brings its bytes."""
    path = str(folder / "pdf_without_name.eml")
    (with_content,) = run("--content", path)[1]
    (without,) = run(path)[1]
    (attachment,) = with_content["attachments"]
    content = base64.b64decode(attachment.pop("content"))
    assert hashlib.sha256(content).hexdigest() == attachment["sha256"]
    assert [attachment] == without["attachments"]
