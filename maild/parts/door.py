"""The SMTP or LMTP door."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from maild.bell import Bell
from maild.ingest.door_limits import DoorLimits
from maild.ingest.smtp import Door, DoorSettings
from maild.interfaces import Intake
from maild.model.mail import Envelope
from maild.processes import Stop
from maild.wiring.disk import free_disk

if TYPE_CHECKING:
    from maild.app import App


def run(app: "App", stop: Stop, ready: Callable[[], None]) -> None:
    """The SMTP or LMTP door."""
    smtp = app.settings.smtp
    assert smtp is not None
    store = app.open_store()
    door = Door(
        DoorSettings(
            host=smtp.listen.host,
            port=smtp.listen.port,
            protocol=smtp.protocol,
            hostname=smtp.hostname or socket.getfqdn(),
            tls_cert=smtp.tls_cert or None,
            tls_key=smtp.tls_key or None,
            users={name: secret.reveal() for name, secret in smtp.users.items()},
            limits=DoorLimits(
                max_size=smtp.max_size,
                max_connections=smtp.max_connections,
                max_per_address=smtp.max_per_address,
            ),
        ),
        RungIntake(store.doorstep, app.mail_bell),
        accepts=app.addresses.accepts,
        free_disk=partial(free_disk, app.settings),
        listening=app.listeners.open(smtp.listen.host, smtp.listen.port),
    )
    door.start()
    ready()
    stop.wait()
    door.stop()


@dataclass(frozen=True, slots=True)
class RungIntake:
    """An intake that rings the worker's bell after each commit."""

    intake: Intake
    bell: Bell

    def take(self, raw: bytes, envelope: Envelope) -> int:
        return self.take_many([(raw, envelope)])[0]

    def take_many(self, mails: Sequence[tuple[bytes, Envelope]]) -> list[int]:
        numbers = self.intake.take_many(mails)
        self.bell.ring()
        return numbers
