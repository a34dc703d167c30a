"""Alert storms: what makes two mails the same, and what does not."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.rules import (
    ClusterSpec,
    fingerprint,
)

ALERT = (
    "PROBLEM: {host} is DOWN",
    "Host {host}\n{date}\nCPU {cpu}%, id {uid}\nSeverity: {sev}",
)


def alert(
    host="web01", date="Mon, 22 Nov 2026 10:00:01 +0100", cpu=95, uid="3f2a9b1c77", sev=2
):
    subject, body = (
        part.format(host=host, date=date, cpu=cpu, uid=uid, sev=sev) for part in ALERT
    )
    return fingerprint(subject, body)


@pytest.mark.parametrize(
    "same",
    [
        {"cpu": 7},
        {"cpu": "99.5"},
        {"host": "web02"},
        {"uid": "00ab12cd9e"},
        {"date": "Tue, 1 Dec 2026 9:59 +0100"},
        {"date": "Sun, 3 May 2026 00:00:00 +0000"},
    ],
)
def test_numbers_dates_and_ids_do_not_count(same):
    """A storm's mails have one fingerprint."""
    assert alert(**same) == alert()


def test_spanish_dates_do_not_count_either():
    """Written out, with their joints."""
    a = fingerprint("Caído", "El lunes, 22 de noviembre de 2026 a las 10:00 cayó")
    assert a == fingerprint("CAIDO", "El martes, 1 de mayo de 2027 a las 9:05 cayó")


@pytest.mark.parametrize("other", [{"host": "db01"}, {"sev": 1}])
def test_another_alert_in_the_storm_is_another(other):
    """Another host's name or another gravity is not swallowed."""
    assert alert(**other) != alert()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("P1: disk full", "P3: disk full"),
        ("web DOWN", "web UP"),
        ("priority 1", "priority 4"),
        ("you may not", "you not"),
        ("disk 5 full", "disk full"),
    ],
)
def test_words_always_count(one, two):
    """Even those that could be dates, when no number stands beside them."""
    assert fingerprint(one, "") != fingerprint(two, "")
    assert fingerprint("", one) != fingerprint("", two)
    assert fingerprint(one, "") != fingerprint("", one)


def test_three_hundred_alerts_and_one_that_matters():
    """Of a flood, one fingerprint, and the different mail stands out."""
    flood = {alert(host=f"web{i}", cpu=i % 100, uid=f"{i:010x}") for i in range(300)}
    assert len(flood) == 1
    assert fingerprint("PROBLEM: payroll is DOWN", "Severity: 1") not in flood


def test_a_storm_is_of_listed_senders():
    """Whoever else writes the same twice is a person."""
    spec = ClusterSpec.read(["nagios@*", "*@mon.test"], timedelta(minutes=30))
    assert spec.takes("NAGIOS@x")
    assert not spec.takes("ana@x.test")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_has_a_fingerprint(subject, body):
    """Whatever the mail: 32 hexadecimal digits, the same each time."""
    assert re.fullmatch("[0-9a-f]{32}", fingerprint(subject, body))
    assert fingerprint(subject, body) == fingerprint(subject, body)
