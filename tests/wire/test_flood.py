"""More automatic letters than `[limits] automatic_letters` allows, with the real daemon."""

from pathlib import Path

import pytest

from tests.servers.sink import Sink
from tests.wire.desk import Desk, is_letter, mail, reply, text_of, wait_until

pytestmark = pytest.mark.wire


def test_a_flood_is_held_back(tmp_path: Path, sink: Sink) -> None:
    """They wait in the queue, the admins hear of it once, an agent's answer still leaves, and
    `queue retry held` lets them go."""
    desk = Desk(tmp_path, sink=sink)
    desk.write_config(desk.config.read_text().replace('"100000/10m"', '"6/10m"'))
    with desk:
        for number in range(8):
            desk.send(mail(f"c{number}@x.test", f"Pregunta {number}"))
        wait_until(lambda: desk.queue()["outgoing"].get("held"))
        assert "maild queue retry held" in text_of(desk.letter("admin", "admin@acme.test"))
        notice = next(n for n in desk.letters() if n["X-Maild-Type"] == "agent-new")
        desk.send(reply(notice, "Ya está resuelto."))
        wait_until(lambda: any(n["X-Maild-Type"] == "reply" for n in desk.letters()))
        assert {item["state"] for item in desk.queue()["items"]} == {"held"}
        assert desk.run("queue", "retry", "held").returncode == 0
        wait_until(lambda: not desk.queue()["items"])
        told = [n for n in desk.letters() if is_letter(n, "admin", "admin@acme.test")]
    assert len(told) == 1
