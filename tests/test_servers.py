"""The tests' own servers: they start, do what they are for, and end."""

import os
import smtplib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers import commands
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres
from tests.servers.sink import Sink
from tests.wire.desk import Desk

pytestmark = pytest.mark.wire


def test_postgres_gives_each_test_an_empty_database(
    postgres: Postgres, postgres_url: str
) -> None:
    """A database named in a URL is there, empty, and not the one of another test."""
    query = "select count(*) from information_schema.tables where table_schema = 'public'"
    command = [postgres.program("psql"), postgres_url, "-Atc", query]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "0\n"
    assert postgres.fresh() != postgres_url


def test_dovecot_takes_any_user(dovecot: Dovecot) -> None:
    """A mailbox filled on disk shows its mails, newest last."""
    user = dovecot.user()
    dovecot.fill(user, [b"Subject: a\r\n\r\nx\r\n", b"Subject: b\r\n\r\nx\r\n"])
    with dovecot.client(user) as client:
        assert client.search() == [1, 2]


def test_the_sink_keeps_letters_and_misbehaves(sink: Sink) -> None:
    """Letters are kept; a stage can refuse, drop, or be refused for one address only."""
    mail = "Subject: x\r\n\r\ny"
    with smtplib.SMTP("127.0.0.1", sink.port) as client:
        client.sendmail("a@x.test", ["b@x.test"], mail)
    assert sink.wait_for(1)[0].message["subject"] == "x"
    sink.answer["RCPT"] = lambda address: "550 no" if address == "c@x.test" else None
    with smtplib.SMTP("127.0.0.1", sink.port) as client:
        assert client.sendmail("a@x.test", ["b@x.test", "c@x.test"], mail) == {
            "c@x.test": (550, b"no")
        }
    sink.drop = "DATA"
    client = smtplib.SMTP("127.0.0.1", sink.port)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.sendmail("a@x.test", ["b@x.test"], mail)
    assert len(sink.wait_for(3)) == 3
    sink.stop()
    with pytest.raises(ConnectionError):
        smtplib.SMTP("127.0.0.1", sink.port)
    sink.start()
    smtplib.SMTP("127.0.0.1", sink.port).quit()


MAIL = b"From: luis@x.test\r\nTo: soporte@acme.test\r\nSubject: \xc3\xb1\r\n\r\nx\r\n"


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["--version"], b""),
        (["list", "--json"], b""),
        (["show", "7"], b""),
        (["show", "seven"], b""),
        (["-c", "nowhere.toml", "check"], b""),
        (["deliver"], MAIL),
        (["parse", "-"], MAIL),
        (["schema"], b""),
    ],
)
def test_a_forked_command_is_like_one_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], given: bytes
) -> None:
    """Status and words are those of the program itself, in that folder and environment."""
    Desk(tmp_path)
    monkeypatch.setenv("MAILD_CONFIG", str(tmp_path / "config.toml"))
    program = [sys.executable, "-c", "from maild.cli.main import main; main()", *words]
    program[2] = "import sys; sys.argv[0] = 'maild'; " + program[2]
    started = subprocess.run(program, input=given, capture_output=True, cwd=tmp_path)
    forked = commands.run(words, given=given, cwd=tmp_path)
    assert forked.stderr.decode() == started.stderr.decode()
    assert (forked.returncode, forked.stdout) == (started.returncode, started.stdout)


def test_a_forked_command_keeps_nobody_waiting(tmp_path: Path) -> None:
    """One that waits, for its configuration through a pipe, is passed by another."""
    slow = tmp_path / "slow.toml"
    os.mkfifo(slow)
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(commands.run, ["-c", str(slow), "check"])
        with slow.open("w") as pipe:  # it has opened the other end
            assert commands.run(["--version"]).returncode == 0
            assert not waits.done()
            pipe.write("[desk")
        assert waits.result().returncode == 2
