"""A private Dovecot: any user with the password "x", mail under its own folder."""

import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from imapclient import IMAPClient

from tests.servers.certificate import certificate
from tests.servers.ports import await_port, free_port
from tests.servers.programs import needs_root, program

_NOBODY = 65534

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
default_internal_user = dovecot
default_login_user = dovenull
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
first_valid_uid = 1
mail_max_userip_connections = 200
maildir_very_dirty_syncs = no
mailbox_list_index = no
{capability}
passdb {{
  driver = {passdb}
  args = {passdb_args}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""

_OAUTH2 = """
introspection_url = {introspection}
introspection_mode = post
username_attribute = username
username_format = %u
active_attribute = active
active_value = true
"""


class Dovecot:
    """One server; `user()` names a mailbox nobody has used yet.

    `capability` replaces what it offers (such as a list without MOVE and UIDPLUS).
    `introspection` is the URL where it asks about tokens; then nobody has a password, and
    `mechanisms` are those it offers.
    """

    def __init__(
        self,
        *,
        capability: str = "",
        introspection: str = "",
        mechanisms: str = "xoauth2 oauthbearer",
    ) -> None:
        self._program = program("dovecot", package="dovecot-imapd")
        needs_root("dovecot")
        self.folder = Path(tempfile.mkdtemp(prefix="maild-dc-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port()
        self._names = (f"user{n}" for n in itertools.count(1))
        self.cert, key = certificate(self.folder)
        (self.folder / "mail").mkdir()
        os.chown(self.folder / "mail", _NOBODY, _NOBODY)
        passdb, arguments = "static", "password=x"
        if introspection:
            passdb, arguments = "oauth2", str(self.folder / "oauth2.conf")
            asks = _OAUTH2.format(introspection=introspection)
            (self.folder / "oauth2.conf").write_text(asks)
        offered = f"imap_capability = {capability}" if capability else ""
        (self.folder / "dovecot.conf").write_text(
            _CONFIG.format(
                folder=self.folder,
                cert=self.cert,
                key=key,
                port=self.port,
                tls_port=self.tls_port,
                capability=offered,
                mechanisms=mechanisms if introspection else "plain login",
                passdb=passdb,
                passdb_args=arguments,
            )
        )
        self.start()

    def start(self) -> None:
        """Start it (again); returns once it greets."""
        self._server = subprocess.Popen(
            [self._program, "-F", "-c", str(self.folder / "dovecot.conf")]
        )
        await_port(self.port, greeting=b"* OK")

    def stop(self) -> None:
        """Be down, until `start`; clients are cut off."""
        self._server.terminate()
        self._server.wait(20)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def user(self) -> str:
        return next(self._names)

    def client(self, user: str, folder: str = "INBOX") -> IMAPClient:
        """Another person's mail program at the same mailbox."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=30)
        client.login(user, "x")
        client.select_folder(folder)
        return client

    def fill(self, user: str, mails: list[bytes]) -> None:
        """Put mails into an INBOX as if delivered, quicker than APPEND."""
        box = self.folder / "mail" / user
        for part in ("tmp", "cur", "new"):
            (box / part).mkdir(parents=True, exist_ok=True)
        for number, raw in enumerate(mails):
            path = box / "tmp" / f"{1_790_000_000 + number}.M{number:06d}P1.test"
            path.write_bytes(raw)
            os.chown(path, _NOBODY, _NOBODY)
            path.rename(box / "new" / path.name)  # whole, before anybody sees it
        for path in (box, *box.iterdir()):
            os.chown(path, _NOBODY, _NOBODY)
