"""`[smtp]`, `[mailbox.*]` and `[relay]`: the doors mail comes in by, and how it leaves."""

from datetime import date
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from maild.config.faults import Wrong, one_of
from maild.config.table import Table, default
from maild.config.values import (
    Addresses,
    AfterTaking,
    ListenOn,
    MaybePath,
    MaybePerTime,
    MaybeSecret,
    MaybeUrl,
    Name,
    NeededSecret,
    Port,
    Size,
    Template,
    Text,
)

_FLOWS = {
    "microsoft": ("browser", "device", "client_credentials"),
    "google": ("browser", "service_account"),
    "custom": ("browser", "device", "client_credentials"),
}


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() in ("localhost", "localhost.localdomain", "ip6-localhost")


class Smtp(Table):
    listen: ListenOn = default("127.0.0.1:8025")
    protocol: Literal["smtp", "lmtp"] = "smtp"
    max_size: Size = default("25MB")
    hostname: Text = ""  #: "" is the machine's own name
    tls_cert: MaybePath = default("")
    tls_key: MaybePath = default("")
    max_connections: Annotated[int, Field(ge=1, le=10_000)] = 100
    max_per_address: Annotated[int, Field(ge=1, le=10_000)] = 10
    users: dict[str, NeededSecret] = default({})
    accept_for: Addresses = ()

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if bool(self.tls_cert) != bool(self.tls_key):
            given, missing = ("cert", "key") if self.tls_cert else ("key", "cert")
            raise Wrong(f"tls_{missing}", f"must be given with tls_{given}")
        for key, file in (("tls_cert", self.tls_cert), ("tls_key", self.tls_key)):
            if file and not file.is_file():
                raise Wrong(key, f"there is no file {file}")
        if self.users and not self.tls_cert:
            raise Wrong("users", "sign in only after STARTTLS: give tls_cert and tls_key")
        return self


class OAuth(Table):
    """Signing in to a mail provider with a token in place of a password."""

    provider: Literal["microsoft", "google", "custom"]
    flow: Literal["browser", "device", "client_credentials", "service_account"] = "browser"
    tenant: Text = ""  #: Microsoft's; "" is "common" where a person signs in
    client_id: Text = ""
    client_secret: MaybeSecret = default("")
    secret_expires: date | None = None
    token_url: MaybeUrl = ""
    auth_url: MaybeUrl = ""
    device_url: MaybeUrl = ""
    scope: Text = ""  #: "" is what the provider asks for mail
    key_file: MaybePath = default("")

    @model_validator(mode="after")
    def _flow_has_its_keys(self) -> Self:
        flows = _FLOWS[self.provider]
        if self.flow not in flows:
            raise Wrong("flow", f"for {self.provider} must be {one_of(flows)}")
        for key in self._needed():
            if not getattr(self, key):
                raise Wrong(
                    key, f'is needed for provider "{self.provider}", flow "{self.flow}"'
                )
        if self.key_file and not self.key_file.is_file():
            raise Wrong("key_file", f"there is no file {self.key_file}")
        return self

    def _needed(self) -> tuple[str, ...]:
        if self.flow == "service_account":
            return ("key_file",)
        needed: tuple[str, ...] = ("client_id",)
        if self.flow == "client_credentials":
            needed += ("client_secret",)
            needed += ("tenant",) if self.provider == "microsoft" else ()
        if self.provider == "custom":
            needed += ("token_url", "scope")
            needed += {"browser": ("auth_url",), "device": ("device_url",)}.get(self.flow, ())
        return needed


class Mailbox(Table):
    provider: Literal["", "microsoft365", "google"] = ""
    host: Name
    port: Port = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    user: Name
    password: MaybeSecret = default("")
    oauth: OAuth | None = None
    folder: Name = "INBOX"
    after: AfterTaking = default("move:Processed")
    department: Text = ""  #: "" is the first one

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise Wrong("security", 'must be "tls" or "starttls": "none" is for loopback only')
        if not self.password and not self.oauth:
            raise Wrong("password", "is missing (or oauth)")
        if self.password and self.oauth:
            raise Wrong("password", "must be left out where oauth is given")
        if self.after.action == "move" and self.after.folder == self.folder:
            raise Wrong("after", f"moves mail to {self.folder}, where it is read from")
        return self


class Route(Table):
    """One way for mail to leave."""

    host: Text = ""  #: "" keeps letters as files under state_dir/outgoing
    port: Port = 25
    security: Literal["none", "starttls", "tls"] = "none"
    envelope: Template = default("{local}+{token}@{domain}")
    rate: MaybePerTime = default("")
    user: Text = ""
    password: MaybeSecret = default("")
    oauth: OAuth | None = None

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        if (self.password or self.oauth) and not self.user:
            raise Wrong("user", "is missing: there is a password or oauth")
        if self.user and self.host and not (self.password or self.oauth):
            raise Wrong("password", f'is missing for user "{self.user}" (or oauth)')
        if self.password and self.oauth:
            raise Wrong("password", "must be left out where oauth is given")
        open_line = self.security == "none" and not is_loopback(self.host)
        if self.user and self.host and open_line:
            raise Wrong(
                "security", "must be starttls or tls: a password would cross the network"
            )
        return self


class AlertRoute(Route):
    """The second route, for letters about trouble."""

    host: Name


class Relay(Route):
    alerts: AlertRoute | None = None


#: What `provider` of a mailbox fills in where the file is silent.
PROVIDERS: dict[str, dict[str, dict[str, Any]]] = {
    "microsoft365": {
        "mailbox": {"host": "outlook.office365.com", "port": 993, "security": "tls"},
        "oauth": {"provider": "microsoft"},
        "relay": {
            "host": "smtp.office365.com", "port": 587, "security": "starttls",
            "envelope": "", "rate": "25/1m",
        },
    },
    "google": {
        "mailbox": {"host": "imap.gmail.com", "port": 993, "security": "tls"},
        "oauth": {"provider": "google"},
        "relay": {
            "host": "smtp.gmail.com", "port": 587, "security": "starttls",
            "envelope": "", "rate": "2000/day",
        },
    },
}  # fmt: skip
