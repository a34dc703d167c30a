"""`maild demo`, the first thing that people try: it works out of the box, and leaves proof."""

import re
import shutil
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "maild", "demo", "--folder", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.proof
@pytest.mark.wire
def test_the_whole_story(tmp_path: Path) -> None:
    """From the request to the report: each act is told, each person's mails lie there, and the
    report opens in a browser; by IMAP too, where a dovecot is installed."""
    done = demo(tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    kinds = {path.name.split("-", 1)[1] for path in (tmp_path / "demo/mails").iterdir()}
    assert {
        "acknowledgement-luis.eml",
        "agent-new-ana.eml",
        "sla-warning-ana.eml",
        "reply-luis.eml",
        "escalation-leo.eml",
        "resolved-luis.eml",
        "reopened-luis.eml",
    } <= kinds
    assert "[ACME #1] resolved, nivel 2" in done.stdout and "valoración 5" in done.stdout
    if shutil.which("dovecot", path="/usr/sbin:/usr/bin"):
        assert "acknowledgement-eva.eml" in kinds and "INBOX: 0, Processed: 1" in done.stdout
    report = tmp_path / "demo/report"
    letter = message_from_bytes((report / "report.eml").read_bytes(), policy=policy.default)
    assert str(letter["To"]) == "jefa@acme.test"
    pictures = re.findall(r'<img[^>]* src="([^"]+)"', (report / "report.html").read_text())
    assert pictures and all((report / name).is_file() for name in pictures)


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """The desk is thrown away: it must not be somebody's own."""
    (tmp_path / "config.toml").write_text("mine")
    done = demo(tmp_path)
    assert (done.returncode, [p.name for p in tmp_path.iterdir()]) == (2, ["config.toml"])
    assert "is not empty" in done.stderr
