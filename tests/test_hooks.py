"""Webhooks: signed, told once, tried again until they are taken."""

import hmac
import json
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from maild.store.ledger import verify
from maild.timetable import Job
from tests.stories.office import Office

LUIS = "Luis Pérez <luis@x.test>"


class Listener:
    """The other program: keeps what it is told, and answers as the test wants."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.answer = 200
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.told.append((dict(self.headers.items()), body))
                self.send_response(listener.answer)
                if listener.answer == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def kinds(self) -> list[tuple[int, str]]:
        """(ticket, event) of each call."""
        said = [json.loads(body) for _, body in self.told]
        return [(s["ticket"]["id"], s["event"]["kind"]) for s in said]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()


@pytest.fixture
def office(tmp_path: Path, listener: Listener) -> Office:
    hook = f'[webhook.crm]\nurl = "{listener.url}"\nevents = ["created", "status"]\n'
    office = Office(tmp_path, more=hook + 'secret = "s3cret"\n')
    job(office).run(office.clock.now())
    return office


def job(office: Office) -> Job:
    return next(job for job in office.app.jobs(office.store) if job.name == "webhooks")


def test_events_are_told_signed_and_once(office: Office, listener: Listener) -> None:
    """Those asked for, with the ticket; the signature is over the very bytes."""
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#resuelto\nListo.")
    for _ in range(3):
        job(office).run(office.clock.now())
    assert listener.kinds() == [(1, "created"), (1, "status")]
    for headers, body in listener.told:
        right = hmac.new(b"s3cret", body, sha256).hexdigest()
        assert headers["X-Maild-Signature"] == right
    assert json.loads(listener.told[0][1])["ticket"]["requester"]["email"] == "luis@x.test"


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_what_is_not_taken_is_tried_again(
    office: Office, listener: Listener, answer: int
) -> None:
    """Later each time; redirects are not followed; then all in order."""
    listener.answer = answer
    office.write(LUIS)
    office.write("eva@y.test")
    job(office).run(office.clock.now())
    assert listener.kinds() == [(1, "created")]
    job(office).run(office.clock.now())
    assert len(listener.told) == 2  # the second one had its own first try
    listener.answer = 204
    office.clock.wind(seconds=10)
    job(office).run(office.clock.now())
    assert sorted(listener.kinds()[2:]) == [(1, "created"), (2, "created")]
    office.clock.wind(hours=2)
    job(office).run(office.clock.now())
    assert len(listener.told) == 4


def test_after_a_day_the_admins_are_told(office: Office, listener: Listener) -> None:
    """And it is tried no more."""
    listener.answer = 500
    office.write(LUIS)
    office.letters()
    for _ in range(12):
        job(office).run(office.clock.now())
        office.clock.wind(hours=3)
    assert [letter.to for letter in office.letters()] == ["admin@acme.test"]
    tried = len(listener.told)
    office.clock.wind(days=1)
    job(office).run(office.clock.now())
    assert len(listener.told) == tried
    assert verify(office.store.engine).calls == {"failed": 1}


def test_a_new_webhook_hears_of_what_comes(tmp_path: Path, listener: Listener) -> None:
    """Nothing of the past."""
    office = Office(tmp_path)
    office.write(LUIS)
    hook = f'[webhook.crm]\nurl = "{listener.url}"\nevents = ["created"]\nsecret = "s"\n'
    office.configure(more=hook)
    job(office).run(office.clock.now())
    assert listener.told == []
    office.write("eva@y.test")
    job(office).run(office.clock.now())
    assert listener.kinds() == [(2, "created")]
