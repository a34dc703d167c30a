"""Problems that come back: who is flagged, who is not, and what counts as the same."""

from collections.abc import Sequence
from typing import Any

import pytest

from maild.reports.measure import measure
from maild.reports.recurring import key_of, subject_words
from tests.diary import Diary, question

WEEK = ("2026-06-08", "2026-06-14")
#: four weeks before it, and the week itself
WEEKS = ("2026-05-11", "2026-05-18", "2026-05-25", "2026-06-01", "2026-06-08")


def story(
    counts: Sequence[int], people: int, *, category: str | None = "Acceso", **asked: Any
) -> dict[str, Any]:
    """So many tickets each week, from so many people."""
    diaries, number = [], 0
    for day, count in zip(WEEKS, counts, strict=True):
        for n in range(count):
            number += 1
            who = f"p{n % people}@x.test"
            diaries.append(Diary(number, f"{day} 09:{n:02}", who=who, category=category))
    return measure([diary.history for diary in diaries], question(*WEEK, **asked))


def test_flagged() -> None:
    """2, 1, 3, 2 tickets and then 6 from four people."""
    (found,) = story([2, 1, 3, 2, 6], 4)["recurring"]
    assert found == {
        "key": "soporte/Acceso",
        "count": 6,
        "requesters": 4,
        "tickets": [9, 10, 11, 12, 13, 14],
        "usual": 2.0,
        "article": None,
        "name": "Acceso",
    }


@pytest.mark.parametrize(
    ("counts", "people", "why"),
    [
        ([2, 1, 3, 2, 6], 2, "two people are not three"),
        ([0, 0, 0, 0, 4], 4, "four tickets are not five"),
        ([3, 3, 3, 3, 5], 4, "five is not twice the three of other weeks"),
    ],
)
def test_not_flagged(counts: list[int], people: int, why: str) -> None:
    """Each of the three conditions is needed."""
    assert story(counts, people)["recurring"] == [], why


def test_article_with_the_key() -> None:
    """An article that bears the key is named."""
    found = story([0, 0, 0, 0, 5], 3, articles={"soporte/Acceso": "restablecer-clave"})
    assert found["recurring"][0]["article"] == "restablecer-clave"


def test_repeat_contact() -> None:
    """The same person with the same thing three times in thirty days."""
    found = story([0, 0, 1, 1, 1], 1)["repeat_contacts"]
    assert [(f["requester"], f["count"], f["tickets"]) for f in found] == [
        ("p0@x.test", 3, [1, 2, 3])
    ]
    assert story([2, 0, 0, 0, 1], 1)["repeat_contacts"] == []


def test_same_subject_in_other_words() -> None:
    """Without a category, what the subject says: no Re:, tags, numbers, accents, plurals."""
    keys = {
        key_of("soporte", None, subject)
        for subject in (
            "Contraseña del portal",
            "RE: Rv: [ACME #1042] contraseñas del portal",
            "Fwd: Hola, la CONTRASEÑA de los portales (2026)",
        )
    }
    assert keys == {"soporte/contrasena portal"}
    assert key_of("soporte", None, "Re: 12345") == "soporte/—"
    assert key_of("soporte", "Acceso", "da igual") == "soporte/Acceso"


def test_hostile_subject() -> None:
    """A subject of any size and shape costs little and stays short."""
    assert len(subject_words("Re:" * 100_000 + "x")) <= 12
    assert len(subject_words(" ".join(f"palabra{chr(97 + n % 26)}" for n in range(9999)))) <= 12
