"""Doors that can't be opened: whether to try again or to mend the config."""

import socket

import pytest

from maild import listeners
from maild.errors import ConfigError
from maild.listeners import Listeners


@pytest.mark.parametrize(
    ("host", "port", "status"),
    [("127.0.0.1", 0, 2), ("192.0.2.1", 8025, 75), ("no such host", 8025, 2)],
    ids=["taken", "not up yet", "wrong"],
)
def test_a_place_nobody_can_listen_on(
    monkeypatch: pytest.MonkeyPatch, host: str, port: int, status: int
) -> None:
    """An address that is not there yet is temporary, so that a service is started again;
    another program on the port and a name that is none are faults of the config."""
    monkeypatch.setattr(listeners, "PATIENCE_S", 0)
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(ConfigError, match="can't listen on") as refused,
    ):
        Listeners().open(host, port or other.getsockname()[1])
    assert refused.value.exit_code == status
