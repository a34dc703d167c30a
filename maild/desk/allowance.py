"""How many letters an address may ask for: the bounds that keep the desk from being used
against others (`[limits] answers_per_address`)."""

from datetime import datetime, timedelta

from maild.desk.casebook import Casebook
from maild.desk.practice import Practice

#: letters somebody asked for, and how many in all an address gets that never gave a proof
ASKED_FOR = ("answer", "link", "confirm", "command-error")
UNPROVEN_A_DAY = 3


def has_room(
    email: str,
    *,
    proven: bool,
    cases: Casebook,
    practice: Practice,
    now: datetime,
    kinds: tuple[str, ...] = ASKED_FOR,
) -> bool:
    """Whether one more letter may go to somebody who asked; those of these kinds count."""
    since = now - practice.answers.per
    if cases.letters_since(email, kinds, since) >= practice.answers.count:
        return False
    if proven:
        return True
    today = now - timedelta(days=1)
    return cases.letters_since(email, (*kinds, "acknowledgement"), today) < UNPROVEN_A_DAY
