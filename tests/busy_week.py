"""A week of a small desk, made up with a fixed seed, for tests and for looking at reports."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from maild.model.ticket import EventKind
from maild.reports.history import History
from tests.diary import Diary, at

SUBJECTS = (
    ("No puedo acceder al sistema de ventas", "Acceso"),
    ("La impresora de la 2.ª planta no imprime", "Impresoras"),
    ("Error 500 al facturar", None),
    ("Alta de usuario nuevo", "Altas"),
    ("VPN muy lenta", None),
)
CHANNELS = ("email", "email", "email", "email", "web", "phone", "chat")


def busy(first: str, days: int, per_day: int, seed: int = 7) -> Iterator[History]:
    """Tickets of so many days from `first` on, working days busier than weekends."""
    return (diary.history for diary in busy_diaries(first, days, per_day, seed))


def busy_diaries(first: str, days: int, per_day: int, seed: int = 7) -> Iterator[Diary]:
    """The same, as they were written down."""
    dice, number = random.Random(seed), 1000
    for day in range(days):
        date = datetime.fromisoformat(first) + timedelta(days=day)
        for _ in range(per_day if date.weekday() < 5 else per_day // 4):
            number += 1
            yield _ticket(dice, number, date)


def _ticket(dice: random.Random, number: int, day: datetime) -> Diary:
    subject, category = dice.choice(SUBJECTS)
    now = day + timedelta(hours=8, minutes=dice.randrange(600))

    def later(most: float) -> str:
        nonlocal now
        now += timedelta(minutes=1 + dice.expovariate(1 / most))
        return now.isoformat(sep=" ", timespec="minutes")

    channel = dice.choice(CHANNELS)
    diary = Diary(
        number,
        now.isoformat(sep=" "),
        who=f"{dice.choice(['luis', 'eva', 'iker', 'nuria', 'pau'])}{dice.randrange(9)}@x.test",
        by="agent:ana" if channel == "phone" else None,
        channel=channel,
        subject=subject,
        category=category,
        department=dice.choice(["soporte", "soporte", "ventas"]),
    )
    agent = dice.choice(["ana", "bea"])
    diary.note(at(later(5)), EventKind.ASSIGNED, "system", {"from": None, "to": agent})
    for level in (2, 3):
        if dice.random() < 0.2 and diary.level == level - 1:
            diary.moves(later(40), level)
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        diary.answers(later(90), agent)
        if dice.random() < 0.3:
            diary.becomes(now.isoformat(sep=" ", timespec="minutes"), "pending")
            diary.asks(later(300))
    if dice.random() < 0.85:
        diary.solved(later(60))
        diary.surveyed(now.isoformat(sep=" ", timespec="minutes"))
        if dice.random() < 0.35:
            score = dice.choice([5, 5, 5, 4, 4, 3, 2, 1])
            comment = "Tardaron dos días y sigue igual" if score < 3 else ""
            diary.rated(later(200), score, comment)
        if dice.random() < 0.08:
            diary.asks(later(1500)).answers(later(90), agent)
            if dice.random() < 0.7:
                diary.solved(later(60))
    return diary
