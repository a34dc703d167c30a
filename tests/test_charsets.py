"""Bytes to text: labels that mean something else, wrong labels, and no labels."""

import pytest

from maild.ingest import charsets

SPANISH = "Buenos días, no puedo iniciar sesión; ¿me ayudáis mañana? Señal y año caducados."
RUSSIAN = "Здравствуйте, у меня не работает принтер, помогите пожалуйста"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("us-ascii", "ascii"),
        ("ISO-8859-1", "cp1252"),
        ("latin1", "cp1252"),
        ("gb2312", "gb18030"),
        ("iso-gb2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("euc-kr", "cp949"),
        ("Shift_JIS", "cp932"),
        ("iso-8859-9", "cp1254"),
        ("unicode-1-1-utf-7", "utf-7"),
        ("'utf-8'", "utf-8"),
        ("cp-850", "cp850"),
        ("utf-8 (plain text)", "utf-8"),
        ("csISO2022JP", "iso2022_jp"),
        ("unknown-8bit", None),
        ("x-unknown-9", None),
        ("rot13", None),
        ("zlib", None),
        ("punycode", None),
        ("unicode_escape", None),
        ("\x00", None),
        ("utf-8\udce9", None),
        ("", None),
    ],
)
def test_labels(label: str, codec: str | None) -> None:
    """A label names its superset; what is no charset for mail names nothing."""
    assert charsets.find(label) == codec


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "iso8859-15", "utf-16"])
@pytest.mark.parametrize("label", [None, "us-ascii", "iso-8859-1", "utf-8", "x-unknown"])
def test_spanish_survives_any_western_label(codec: str, label: str | None) -> None:
    """Spanish is read whatever of the usual labels stands above it."""
    assert charsets.decode(SPANISH.encode(codec), label) == SPANISH


@pytest.mark.parametrize("codec", ["koi8-r", "cp1251", "utf-8"])
def test_russian_without_label_is_guessed(codec: str) -> None:
    """A guess finds the alphabet."""
    assert charsets.decode(RUSSIAN.encode(codec)) == RUSSIAN


def test_few_odd_bytes_are_western() -> None:
    """Too few bytes to guess from are read as western text."""
    assert charsets.decode(b"Fr\xf6sche") == "Frösche"


def test_neighbours_charset_helps_where_there_is_no_label() -> None:
    """A header without a label is read as the body is."""
    assert charsets.decode("ошибка".encode("koi8-r"), hint="koi8-r") == "ошибка"


def test_a_stray_byte_costs_no_other_character() -> None:
    """UTF-8 with western bytes in it keeps both."""
    assert charsets.decode("camión ".encode() + b"a\xf1o", "utf-8") == "camión año"


def test_no_lone_surrogates() -> None:
    """UTF-7 and UTF-8 that spell half a pair give no half a pair."""
    for data, label in [
        (b"+2AA-", "utf-7"),
        (b"\xed\xa0\x80", "utf-8"),
        (b"\x00\xd8", "utf-16"),
    ]:
        charsets.decode(data, label).encode("utf-8")


def test_every_pair_of_bytes_is_decoded() -> None:
    """No bytes under any label raise."""
    for label in [None, "utf-8", "gb2312", "shift_jis", "utf-7", "iso-2022-jp", "hz", "big5"]:
        for first in range(256):
            assert charsets.decode(bytes([first, 0x80, first, 0x31, first]), label)
