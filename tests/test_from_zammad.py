"""Tickets of Zammad, converted and imported."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from maild.cli.main import app
from maild.store.ledger import verify
from tests.stories.office import Office

TOOL = Path(__file__).parent.parent / "tools/from_zammad.py"


def article(number: int, sender: str, at: str, **more: object) -> dict[str, object]:
    made = {
        "id": number, "sender": sender, "type": "email", "internal": False,
        "from": "Luis <luis@x.test>" if sender == "Customer" else "Soporte <s@acme.test>",
        "to": "soporte@acme.test", "cc": "", "subject": "No va", "content_type": "text/html",
        "body": "No va&nbsp;nada.<br>Luis<script>alert(1)</script>",
        "message_id": f"<z{number}@x.test>", "created_by": "ana@acme.test", "created_at": at,
        "attachments": [],
    }  # fmt: skip
    return made | more


TICKET = {
    "id": 12, "number": "22012", "title": "No va", "group": "Users", "state": "closed",
    "priority": "3 high", "customer": "luis@x.test", "owner": "ana@acme.test",
    "created_at": "2025-11-03T11:51:13.759Z", "updated_at": "2025-11-04T09:00:00.000Z",
    "close_at": "2025-11-04T08:00:00.000Z", "tags": ["acceso"],
    "articles": [
        article(1, "Customer", "2025-11-03T11:51:13.790Z"),
        article(3, "Agent", "2025-11-03T13:00:00.000Z", type="note", internal=True,
                content_type="text/plain", body="Mirar <esto>"),
        article(2, "Agent", "2025-11-03T12:51:13.790Z", body="<p>Ya va.</p>"),
    ],
}  # fmt: skip


def test_tickets_of_zammad_move_in(tmp_path: Path) -> None:
    """States, people, words, notes; a bad line is named; twice is once."""
    source = tmp_path / "zammad.jsonl"
    source.write_text(json.dumps(TICKET) + "\noops\n")
    done = subprocess.run(
        [sys.executable, str(TOOL), str(source), "--department", "Users=soporte",
         "--agent", "ana@acme.test=ana"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr.split(":")[0]) == (1, "line 2")
    lines = tmp_path / "tickets.jsonl"
    lines.write_text(done.stdout)
    office = Office(tmp_path)
    for expected in ("1 imported, 0 known", "0 imported, 1 known"):
        said = CliRunner().invoke(
            app, ["-c", str(tmp_path / "config.toml"), "import", str(lines)]
        )
        assert (said.exit_code, said.stdout.startswith(expected)) == (0, True), said.output
    ticket = office.ticket(12)
    assert (ticket["status"], ticket["priority"], ticket["assignee"]) == (
        "closed", "high", "ana",
    )  # fmt: skip
    assert ticket["external_id"] == "ZAMMAD:22012"
    assert [(m["kind"], m["public"], m["text"]) for m in ticket["messages"]] == [
        ("customer", True, "No va\xa0nada.\nLuis"),
        ("agent", True, "Ya va."),
        ("note", False, "Mirar <esto>"),
    ]
    assert verify(office.store.engine).faults == []
