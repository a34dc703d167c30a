"""`maild rules`, golden mails and reloads, with real commands and a real daemon."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from smtplib import SMTPResponseException

import pytest

from tests.servers.sink import Sink
from tests.wire.desk import Desk, as_sent, is_letter, mail, wait_until

pytestmark = pytest.mark.wire

LUIS = "Luis Pérez <luis@x.test>"
VENTAS = '[department.ventas]\nname = "Ventas"\naddress = "ventas@acme.test"\nassign = "none"\n'
ACCESO = """
[[rule]]
name = "Acceso"
when.text_has = ["no puedo acceder", "contraseñ*"]
then.department = "ventas"
then.priority = "high"
then.tags = ["acceso"]
"""
GOLDEN = """
[[rule.test]]
mail = "golden.eml"
expect = { department = "ventas", tags = ["acceso"] }
"""


@pytest.fixture
def desk(tmp_path: Path, sink: Sink) -> Desk:
    """A desk that does not run yet."""
    return Desk(tmp_path, sink=sink, more=VENTAS + ACCESO)


# -- rules test -------------------------------------------------------------------------------


def test_rules_test_has_the_form_of_the_contract(desk: Desk) -> None:
    """Every key, the matched words, and no store is made."""
    path = desk.folder / "a.eml"
    path.write_bytes(as_sent(mail(LUIS, "CONTRASENA caducada")))
    found = desk.json("rules", "test", str(path))
    assert set(found) >= set(
        "department priority level assignee tags status reply dropped matched trace".split()
    )
    assert (found["department"], found["priority"], found["tags"]) == (
        "ventas",
        "high",
        ["acceso"],
    )
    assert found["matched"] == ["Acceso"]
    (line,) = found["trace"]
    assert set(line) == {"rule", "matched", "because"}
    assert '"contraseñ*" is "CONTRASENA"' in line["because"]
    assert not (desk.folder / "var").exists()


def test_several_files_give_a_list_and_stdin_one(desk: Desk) -> None:
    """In the order given; people's text names the rule that failed as well."""
    one, two = desk.folder / "1.eml", desk.folder / "2.eml"
    one.write_bytes(as_sent(mail(LUIS)))
    two.write_bytes(as_sent(mail(LUIS, "otra cosa", "nada")))
    found = desk.json("rules", "test", str(one), str(two))
    assert [each["matched"] for each in found] == [["Acceso"], []]
    done = desk.run("rules", "test", "--json", given=two.read_bytes())
    assert json.loads(done.stdout)["trace"][0]["because"].startswith("text_has: none of")
    text = desk.run("rules", "test", str(two)).stdout.decode()
    assert "· Acceso: text_has: ninguna de sus palabras" in text


def test_a_mail_an_agent_passes_on_is_its_writers(desk: Desk) -> None:
    """As the daemon sees it: the customer's words and address, not the agent's."""
    from_luis = '[[rule]]\nname = "Luis"\nwhen.from = ["*@x.test"]\nthen.priority = "high"\n'
    desk.configure(more=VENTAS + from_luis)
    path = desk.folder / "fwd.eml"
    inside = "---------- Forwarded message ---------\nFrom: Luis <luis@x.test>\nSubject: VPN\n"
    body = f"Para vosotros.\n\n{inside}Date: Mon, 8 Jun 2026 09:00:00\n\nNo va la VPN.\n"
    path.write_bytes(as_sent(mail("ana@acme.test", "Fwd: VPN", body)))
    assert desk.json("rules", "test", str(path))["priority"] == "high"


def test_a_file_that_is_not_there_is_a_usage_error(desk: Desk) -> None:
    """Exit 2 and its name; so is a broken config."""
    done = desk.run("rules", "test", "none.eml")
    assert done.returncode == 2
    assert b"none.eml" in done.stderr
    desk.write_config("x")
    assert desk.run("rules", "test", given=b"Subject: x\n\nx").returncode == 2


# -- replay -----------------------------------------------------------------------------------


def test_replay_over_what_the_daemon_took(desk: Desk, tmp_path: Path) -> None:
    """Answers included; exit 1 and the differences under new rules, 0 under the old."""
    with desk:
        desk.send(mail(LUIS))
        acknowledgement = desk.letter("acknowledgement", "luis@x.test")
        desk.send(mail("eva@x.test", "factura", "la factura"))
        reply = mail(LUIS, "Re: x", "Es por la factura", to=str(acknowledgement["Reply-To"]))
        desk.send(reply)
        desk.await_quiet()
        same = desk.run("rules", "replay", "--since", "30d", "--json")
        assert same.returncode == 0
        assert json.loads(same.stdout) == {"messages": 3, "differ": []}
        rule = (
            '[[rule]]\nname = "Factura"\non = ["new", "reply"]\nwhen.text_has = "factura"\n'
            "then.level = 2\n"
        )
        other = tmp_path / "new.toml"
        other.write_text(desk.config.read_text() + rule)
        done = desk.run(
            "rules", "replay", "--with", str(other), "--json", "--send", "jefe@acme.test"
        )
        assert done.returncode == 1
        found = json.loads(done.stdout)
        assert found["messages"] == 3
        assert [
            (d["ticket"], d["before"]["level"], d["after"]["level"]) for d in found["differ"]
        ] == [(2, 1, 2), (1, 1, 2)]
        ids = [m["id"] for m in desk.show(1)["messages"]]
        assert found["differ"][1]["message"] == ids[1]
        letter = desk.letter("admin", "jefe@acme.test")
        text = letter.get_body(("plain",)).get_content()
        assert "3 mensajes: 2 se tratarían de otra manera" in text
        assert desk.run("rules", "replay", "--since", "1h").returncode == 0
        assert [t["level"] for t in desk.tickets()] == [1, 1]


def test_replay_without_new_rules_compares_with_what_was_done(desk: Desk) -> None:
    """A rule that has changed since shows."""
    desk.run("deliver", given=as_sent(mail(LUIS)))
    with desk:
        wait_until(desk.tickets)
    desk.configure(more=VENTAS + ACCESO.replace("high", "urgent"))
    done = desk.run("rules", "replay", "--json")
    assert done.returncode == 1
    (one,) = json.loads(done.stdout)["differ"]
    assert (one["before"]["priority"], one["after"]["priority"]) == ("high", "urgent")


# -- golden mails -----------------------------------------------------------------------------


def test_check_tries_golden_mails_that_are_files(desk: Desk) -> None:
    """A test that fails is a fault with its line, the rule and the word."""
    (desk.folder / "golden.eml").write_bytes(as_sent(mail(LUIS)))
    desk.configure(more=VENTAS + ACCESO + GOLDEN)
    found = desk.json("check")
    assert found["ok"] and not any("not tried" in w["message"] for w in found["warnings"])
    desk.configure(more=VENTAS + ACCESO.replace('"ventas"', '"soporte"') + GOLDEN)
    done = desk.run("check", "--json")
    assert done.returncode == 2
    (fault,) = json.loads(done.stdout)["errors"]
    assert "expected department ventas, got soporte" in fault["message"]
    lines = desk.config.read_text().splitlines()
    assert lines[fault["line"] - 1] == "[[rule.test]]"
    assert desk.run("run").returncode == 2


def test_a_golden_mail_does_not_depend_on_the_hour(desk: Desk) -> None:
    """`in_hours` is judged at the mail's own date: Monday at nine."""
    (desk.folder / "golden.eml").write_bytes(as_sent(mail(LUIS)))
    rule = (
        '[[rule]]\nname = "de día"\nwhen.in_hours = true\nthen.tags = ["día"]\n'
        '[[rule.test]]\nmail = "golden.eml"\nexpect = { tags = ["día"] }\n'
    )
    calendar = '[calendar.c]\nmon = "09:00-09:01"\n'
    desk.configure(more=calendar + VENTAS + rule)
    text = desk.config.read_text()
    desk.write_config(
        text.replace("[department.soporte]", '[department.soporte]\ncalendar = "c"')
    )
    assert desk.json("check")["errors"] == []


def test_a_reload_refuses_a_config_whose_golden_mail_fails(desk: Desk) -> None:
    """The old rules stay, the admins hear which test failed, and once it passes they hear
    in words what has changed."""
    (desk.folder / "golden.eml").write_bytes(as_sent(mail(LUIS)))
    desk.configure(more=VENTAS + ACCESO + GOLDEN)
    with desk:
        wrong = (ACCESO + GOLDEN).replace("then.department", "then.category")
        desk.configure(more=VENTAS + wrong)
        letter = desk.letter("admin", "admin@acme.test")
        assert "expected department ventas" in letter.get_body(("plain",)).get_content()
        desk.send(mail(LUIS))
        wait_until(desk.tickets)
        assert desk.tickets()[0]["department"] == "ventas"
        better = ACCESO.replace("high", "urgent") + GOLDEN
        desk.configure(more=VENTAS + better + "\n[lifecycle]\nclosed_letter = true\n")
        letter = desk.letter("admin", "admin@acme.test", number=2)
        text = letter.get_body(("plain",)).get_content()
        assert "la regla «Acceso» ahora pone priority urgent" in text
        assert '[lifecycle] closed_letter es ahora "true"' in text.replace("”", '"') or (
            "[lifecycle] closed_letter es ahora true, era false" in text
        )
        assert "priority urgent" in desk.log


# -- broken at every byte ---------------------------------------------------------------------


class Load:
    """Mail that keeps coming, a few a second, while something else is tried."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sent = 0
        self.errors: list[Exception] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            try:
                self.desk.send(mail(f"c{self.sent}@x.test", f"contraseña {self.sent}"))
                self.sent += 1
            except SMTPResponseException as error:
                if error.smtp_code != 421:  # "come back": the next round does, as an MTA would
                    self.errors.append(error)
            except Exception as error:  # the test looks at them
                self.errors.append(error)


def _breaks(good: str, step: int) -> Iterator[str]:
    """The config with a byte at each place that no TOML may hold."""
    raw = good.encode()
    for at in range(0, len(raw), step):
        yield (raw[:at] + b"\x00" + raw[at:]).decode("utf-8", "replace")


def _hup(desk: Desk) -> None:
    assert desk.daemon is not None
    os.kill(desk.daemon.pid, signal.SIGHUP)


def _answers(desk: Desk) -> int:
    """How many reloads have been taken or refused."""
    return desk.log.count("reloaded") + desk.log.count("is not used")


def _try_all(desk: Desk, step: int) -> None:
    """Each broken config is refused under load; the good one that follows is taken soon."""
    good = desk.config.read_text()
    with desk, Load(desk) as load:
        parts = desk.parts()
        for number, broken in enumerate(_breaks(good, step), 1):
            desk.write_config(broken)
            _hup(desk)
            desk.await_log("is not used", times=number, seconds=5)
        assert desk.parts() == parts, "a part was touched"
        assert "reloaded" not in desk.log
        desk.write_config(good.replace('["acceso"]', '["nuevo"]'))
        _hup(desk)
        begun = time.monotonic()
        desk.await_log("reloaded")
        took = time.monotonic() - begun
        desk.send(mail("last@x.test", "contraseña última"))
        wait_until(lambda: [t for t in desk.tickets() if t["subject"] == "contraseña última"])
    assert took < 2, f"{took:.1f} s"
    assert load.errors == []
    assert "Traceback" not in desk.log
    with desk:
        desk.await_quiet()
        tickets = {t["subject"]: t["tags"] for t in desk.tickets()}
    assert len(tickets) == load.sent + 1
    assert tickets["contraseña última"] == ["nuevo"]
    assert tickets["contraseña 0"] == ["acceso"]


def test_a_config_broken_here_and_there_changes_nothing(desk: Desk) -> None:
    """A few places, under mail."""
    _try_all(desk, 400)


@pytest.mark.proof
def test_a_config_broken_at_every_fiftieth_byte_changes_nothing(
    desk: Desk, record_property: Callable[[str, object], None]
) -> None:
    """Each refused, no part touched, no mail lost, and the good one active within 2 s."""
    places = len(desk.config.read_bytes()) // 50
    _try_all(desk, 50)
    record_property("figure", f"{places} places: 0 parts touched, 0 mails lost")
    record_property("target", "0 and 0, the good one within 2 s")


@pytest.mark.proof
def test_a_config_cut_at_every_fiftieth_byte_never_stops_the_desk(
    desk: Desk, record_property: Callable[[str, object], None]
) -> None:
    """Some cuts are whole configs of their own; whatever they are, the good one works
    again within two seconds."""
    good = desk.config.read_text()
    with desk:
        for cut in range(50, len(good), 50):
            answered = _answers(desk)
            desk.write_config(good[:cut])
            _hup(desk)
            wait_until(lambda n=answered: _answers(desk) > n, seconds=10)
        before = desk.log.count("reloaded")
        desk.write_config(good)
        _hup(desk)
        begun = time.monotonic()
        desk.await_log("reloaded", times=before + 1)
        assert time.monotonic() - begun < 2
        desk.send(mail(LUIS))
        assert wait_until(desk.tickets)[-1]["tags"] == ["acceso"]
    assert "Traceback" not in desk.log
    record_property("figure", f"{len(good) // 50} cuts, 0 stops")
    record_property("target", "0 stops, the good one within 2 s")


def test_the_same_fault_is_mailed_once(desk: Desk) -> None:
    """Saving a broken file three times is one letter to the admins."""
    good = desk.config.read_text()
    with desk:
        for number in range(1, 4):
            desk.write_config("[desk\n")
            _hup(desk)
            desk.await_log("is not used", times=number)
        desk.write_config(good)
        desk.await_log("reloaded")
        desk.letter("admin", "admin@acme.test")
        desk.await_quiet()
        told = [m for m in desk.letters() if is_letter(m, "admin", "")]
    assert len(told) == 1
