"""`winmail.dat`: the files Outlook packed, and whatever else may claim to be one."""

import struct
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.ingest.parse import parse
from maild.ingest.tnef import unpack
from tests.stories.office import Office


def _attribute(number: int, value: bytes, level: int = 2) -> bytes:
    sum_ = sum(value) % 65536
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum_)


def _property(number: int, kind: int, value: bytes) -> bytes:
    padded = value + b"\0" * (-len(value) % 4)
    return struct.pack("<HHII", kind, number, 1, len(value)) + padded


def _properties(*found: bytes) -> bytes:
    return _attribute(0x69005, struct.pack("<I", len(found)) + b"".join(found))


def _file(short: str, content: bytes, *properties: bytes) -> bytes:
    begin = _attribute(0x69002, b"\1\0" + b"\xff" * 4 + b"\0" * 8)
    title = _attribute(0x18010, short.encode("cp1252") + b"\0")
    return begin + title + _attribute(0x6800F, content) + _properties(*properties)


def packed(*files: bytes) -> bytes:
    codepage = _attribute(0x69007, struct.pack("<II", 1252, 0), level=1)
    return b"\x78\x9f\x3e\x22\x01\x00" + codepage + b"".join(files)


LONG = _property(0x3707, 0x1F, "Informe añual.pdf\0".encode("utf-16-le"))
TYPED = _property(0x370E, 0x1E, b"application/pdf\0")
NAMED = struct.pack("<HH", 0x03, 0x8001) + b"g" * 16 + struct.pack("<III", 0, 7, 1)
DATE = struct.pack("<HHQ", 0x40, 0x3007, 132)


def test_files_come_out_as_they_went_in() -> None:
    """By their long names, whatever other properties stand between."""
    data = packed(
        _file("INFORM~1.PDF", b"%PDF-1", NAMED, DATE, LONG, TYPED), _file("a.txt", b"x")
    )
    found = [(file.filename, file.content, file.content_type) for file in unpack(data)]
    assert found == [
        ("Informe añual.pdf", b"%PDF-1", "application/pdf"),
        ("a.txt", b"x", "text/plain"),
    ]


def test_a_name_cannot_leave_its_folder() -> None:
    """Names are as safe as those of any attachment."""
    evil = _property(0x3707, 0x1F, "..\\..\\etc\\passwd\r\n\0".encode("utf-16-le"))
    assert [file.filename for file in unpack(packed(_file("x", b"1", evil)))] == ["passwd"]


def test_a_mail_packed_inside_stays_packed() -> None:
    """Its bytes are no file that anybody could open."""
    method = struct.pack("<HHI", 0x03, 0x3705, 5)
    assert unpack(packed(_file("x", b"1", method))) == []


def test_the_stream_stays_beside_its_files(tmp_path: Path) -> None:
    """Nothing is lost if the reading was wrong; the agent is told what it is."""
    office = Office(tmp_path, assign="least_busy")
    mail = office.mail("luis@x.test", "Informe", "Adjunto.", to="soporte@acme.test")
    assert isinstance(mail, EmailMessage)
    data = packed(_file("INFORM~1.PDF", b"%PDF-1", LONG))
    mail.add_attachment(data, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    office.receive(mail)
    told = office.letter("agent-new")
    assert dict(told.files) == {"winmail.dat": data, "Informe añual.pdf": b"%PDF-1"}
    assert "winmail.dat es un formato propio de Outlook" in told.text


def test_an_ordinary_file_by_that_name_is_a_file() -> None:
    """What does not begin like a stream is left alone."""
    raw = (
        b"From: a@b.example\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\r\n"
        b"not a stream"
    )
    assert [file.filename for file in parse(raw).attachments] == ["winmail.dat"]


@settings(max_examples=300, deadline=2000)
@given(data=st.data())
def test_whatever_is_broken_ends_the_reading(data: st.DataObject) -> None:
    """Cut, changed or random: no exception, and no more comes out than went in."""
    whole = bytearray(
        packed(_file("a", b"12", NAMED, DATE, LONG), _file("b", b"3" * 50, TYPED))
    )
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    broken = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    assert sum(len(file.content) for file in unpack(broken)) <= len(broken)


@pytest.mark.parametrize(
    "bomb",
    [
        packed(*[_file("a", b"1")] * 50_000),
        packed(_attribute(0x69005, struct.pack("<I", 2**32 - 1) + b"\x03\x10\1\0" * 200_000)),
        packed(_file("a", b"1", *[DATE] * 100_000)),
    ],
)
def test_a_stream_of_many_pieces_is_not_read_to_its_end(bomb: bytes) -> None:
    """Files and properties are counted."""
    assert len(unpack(bomb)) <= 200
