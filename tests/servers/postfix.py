"""A private Postfix that hands one domain's mail to a door of ours."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.servers.ports import await_port, free_port
from tests.servers.programs import needs_root, program

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mta.test
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
relay_domains = {domain}
transport_maps = inline:{{ {{ {domain} = {transport}:{door} }} }}
smtpd_relay_restrictions = reject_unauth_destination
smtp_dns_support_level = disabled
smtputf8_enable = no
biff = no
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtp_line_length_limit = 0
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Takes mail on `port` and brings it to `door` by "smtp" or "lmtp".

    `recipe`: main.cf's lines and a transport table in place of ours; the domain is local then.
    """

    def __init__(
        self,
        door: int,
        *,
        transport: str = "smtp",
        domain: str = "acme.test",
        recipe: tuple[str, str] | None = None,
    ) -> None:
        self._program = program("postfix", package="postfix")
        needs_root("postfix")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="maild-pf-", dir="/tmp"))
        self.folder.chmod(0o755)
        values = {"folder": self.folder, "domain": domain, "transport": transport}
        where = f"inet:127.0.0.1:{door}" if transport == "lmtp" else f"[127.0.0.1]:{door}"
        self._etc = self.folder / "etc"
        for part in ("etc", "spool", "data"):
            (self.folder / part).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        main = _MAIN.format(**values, door=where)
        if recipe is not None:
            main = _with(main, recipe[0], domain, self._etc / "maild")
            (self._etc / "maild").write_text(recipe[1])
        (self._etc / "main.cf").write_text(main)
        (self._etc / "master.cf").write_text(_MASTER.format(port=self.port))
        self._command("start")
        await_port(self.port, greeting=b"220")

    def _command(self, word: str) -> None:
        done = subprocess.run(
            [self._program, "-c", str(self._etc), word], capture_output=True, text=True
        )
        assert done.returncode == 0, f"postfix {word}: {done.stdout}{done.stderr}{self.log}"

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def queue(self) -> str:
        """What has not been delivered yet, one JSON object a line."""
        command = [program("postqueue", package="postfix"), "-c", str(self._etc), "-j"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def await_empty(self, *, seconds: float = 30.0) -> None:
        """Return once everything has been delivered (or bounced)."""
        deadline = time.monotonic() + seconds
        while waiting := self.queue:
            assert time.monotonic() < deadline, f"{waiting}{self.log[-3000:]}"
            time.sleep(0.1)

    def close(self) -> None:
        self._command("abort")
        for _ in range(50):  # the master removes its lock last
            try:
                shutil.rmtree(self.folder)
            except OSError:
                time.sleep(0.05)
            else:
                return
        os.system(f"rm -rf {self.folder}")


def _with(main: str, recipe: str, domain: str, table: Path) -> str:
    """main.cf with a recipe's lines, which win, and its table where the test has it."""
    lines = [line for line in recipe.splitlines() if "=" in line]
    named = {line.partition("=")[0].strip() for line in lines}
    kept = [line for line in main.splitlines() if line.partition("=")[0].strip() not in named]
    kept = [line for line in kept if not line.startswith(("relay_domains", "mydestination"))]
    both = [*kept, f"mydestination = {domain}", *lines]
    return "\n".join(both).replace("/etc/postfix/maild", str(table)) + "\n"
