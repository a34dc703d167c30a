"""A real IMAP server for the demo, where a dovecot is installed: on loopback, thrown away.

It runs as whoever runs the demo; root's mailboxes belong to nobody in particular.
"""

import grp
import imaplib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

USER, PASSWORD = "soporte", "demo"
_PLACES = "/usr/sbin:/usr/local/sbin"
_PATIENCE_S = 8.0
_NOBODY = 65534
_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class Dovecot:
    """One server with one mailbox; `runs` says whether there is one at all."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._server: subprocess.Popen[bytes] | None = None
        self._folder = Path()

    @property
    def runs(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        """Where none is installed, or it does not start, the demo does without."""
        program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:{_PLACES}")
        if program is None:
            return
        self._folder = Path(tempfile.mkdtemp(prefix="maild-demo-imap-"))
        try:
            self._configure()
        except KeyError:  # a user without a name
            self.stop()
            return
        self._server = subprocess.Popen(
            [program, "-F", "-c", self._folder / "dovecot.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not self._answers():
            self.stop()

    def _configure(self) -> None:
        uid, gid = os.getuid(), os.getgid()
        internal, login, group = pwd.getpwuid(uid).pw_name, "", grp.getgrgid(gid).gr_name
        (self._folder / "mail").mkdir()
        if uid == 0:
            uid = gid = _NOBODY
            internal, login, group = "dovecot", "dovenull", "dovecot"
            self._folder.chmod(0o755)
            os.chown(self._folder / "mail", uid, gid)
        text = _CONFIG.format(
            folder=self._folder, internal=internal, group=group, login=login or internal,
            uid=uid, gid=gid, port=self.port, password=PASSWORD,
        )  # fmt: skip
        (self._folder / "dovecot.conf").write_text(text)

    def _answers(self) -> bool:
        assert self._server is not None
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and self._server.poll() is None:
            with suppress(OSError, imaplib.IMAP4.error):
                self._client().logout()
                return True
            time.sleep(0.05)
        return False

    def _client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=_PATIENCE_S)
        client.login(USER, PASSWORD)
        return client

    def put(self, raw: bytes) -> None:
        """A mail into the INBOX."""
        with self._client() as client:
            client.append("INBOX", "", "", raw)

    def count(self, folder: str) -> int:
        """Mails in a folder; 0 where there is none such."""
        with self._client() as client:
            said, found = client.select(folder, readonly=True)
            return int(found[0] or 0) if said == "OK" else 0

    def wait_for(self, number: int, folder: str) -> int:
        """How many there are once there are so many, or after a while."""
        until = time.monotonic() + _PATIENCE_S
        while (found := self.count(folder)) < number and time.monotonic() < until:
            time.sleep(0.05)
        return found

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait(15)
            self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)
