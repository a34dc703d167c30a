"""The tests' own servers: they start, do what they are for, and end."""

import smtplib
import subprocess

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres
from tests.servers.sink import Sink

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
