"""Postfix's smtp-sink: a relay that refuses, hangs up or breaks off where it is told to."""

import os
import shutil
import subprocess
import tempfile
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType

from tests.servers.ports import await_port, free_port
from tests.servers.programs import program


class SmtpSink:
    """`with SmtpSink("-r", "MAIL"):` answers MAIL with a 4xx; see its man page for the rest.

    Keeps what it was given; a mail that it hung up on after the final dot counts as given.
    """

    def __init__(self, *misconduct: str, port: int = 0) -> None:
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="maild-ss-", dir="/tmp"))
        self.folder.chmod(0o777)
        user = ("-u", "postfix") if os.geteuid() == 0 else ()
        name = program("smtp-sink", package="postfix")
        self._server = subprocess.Popen(
            [
                name,
                *user,
                *misconduct,
                "-d",
                f"{self.folder}/m.",
                f"127.0.0.1:{self.port}",
                "50",
            ],
            stderr=subprocess.DEVNULL,
        )
        await_port(self.port)

    def letters(self) -> list[EmailMessage]:
        """All it was given whole, without the lines that smtp-sink puts above each."""
        found = []
        for path in sorted(self.folder.iterdir()):
            _, _, raw = path.read_bytes().partition(b"X-Client-Proto")
            mail = message_from_bytes(raw.partition(b"\n")[2], policy=policy.default)
            assert isinstance(mail, EmailMessage)
            if mail["Message-ID"]:
                found.append(mail)
        return found

    def close(self) -> None:
        self._server.terminate()
        self._server.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "SmtpSink":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.close()
