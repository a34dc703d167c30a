"""Mails passed on, by client and language; expectations in `expected.json`."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.ingest.forwarded import original
from maild.ingest.parse import parse
from maild.model.mail import Mail

MAILS = Path(__file__).parent / "mails"
FORWARDED = MAILS / "forwarded"
EXPECTED = json.loads((FORWARDED / "expected.json").read_text())


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if EXPECTED[name]))
def test_the_original_is_found_in_a_forward(name: str) -> None:
    """Who wrote it, its subject and text, and what the forwarder added."""
    found = original(parse((FORWARDED / f"{name}.eml").read_bytes()))
    wanted = EXPECTED[name]
    assert found is not None
    assert (found.sender.name, found.sender.email) == (wanted["name"], wanted["email"])
    assert found.subject == wanted["subject"]
    assert found.text.split() == wanted["text"].split()
    assert found.note == wanted["note"]
    assert found.date == (datetime.fromisoformat(wanted["date"]) if wanted["date"] else None)


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if not EXPECTED[name]))
def test_what_is_no_forward_has_no_original(name: str) -> None:
    """Replies quote, and evidence is attached; neither speaks for its author."""
    assert original(parse((FORWARDED / f"{name}.eml").read_bytes())) is None


def test_every_forward_on_file_has_its_expectation() -> None:
    """A mail that no test reads would rot."""
    assert {path.stem for path in FORWARDED.glob("*.eml")} == EXPECTED.keys()


@pytest.mark.parametrize(
    "path", sorted((MAILS / "bounces").glob("*.eml")), ids=lambda p: p.stem
)
def test_a_bounce_forwards_nothing(path: Path) -> None:
    """The mail in a bounce is ours."""
    assert original(parse(path.read_bytes())) is None


@pytest.mark.parametrize(
    "path", sorted((MAILS / "automatic").glob("*.eml")), ids=lambda p: p.stem
)
def test_no_automatic_mail_speaks_for_another(path: Path) -> None:
    """Whoever sends it, is its sender."""
    assert original(parse(path.read_bytes())) is None


@settings(max_examples=200, deadline=2000)
@given(
    subject=st.sampled_from(["Fwd: x", "RV: y", "z"]),
    text=st.lists(
        st.sampled_from(
            [
                *("De: Ana <a@b.es>\n", "Enviado: 5/5/2026\n", "Asunto: x\n", "\n", "> "),
                *("-------- Forwarded Message --------\n", "Date: 99 Foo 0 99:99:99 +9999\n"),
            ]
        )
    ).map("".join),
)
def test_no_text_is_too_odd_to_look_for_an_original(subject: str, text: str) -> None:
    """Whatever stands there: an original with a sender, or None."""
    found = original(Mail(subject=subject, text=text))
    assert found is None or found.sender.email == "a@b.es"
