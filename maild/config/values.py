"""The kinds of value a config file holds, from text to what the program works with.

Each kind is a type for the tables to use; what is wrong with a value is said in its words.
"""

import ipaddress
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from maild.config import duration, secret
from maild.config.duration import Duration, show
from maild.config.faults import did_you_mean
from maild.config.table import base_of

_LOCAL = r"[^\s@,;:<>()\[\]\"\\\x00-\x1f\x7f]{1,64}"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SIZE = re.compile(r"(\d{1,12})\s*(|[kKMG]?B|[KMG]iB)")
_UNITS = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_UNITS |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@dataclass(frozen=True, slots=True)
class Listen:
    """A host and port to accept connections on; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class After:
    """What happens to a mail in its mailbox once it is durable here."""

    action: Literal["move", "flag", "delete"]
    folder: str = ""  #: where it is moved to


def text(value: object) -> str:
    """One line of text."""
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {show(value)}")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("must be one line without control characters")
    return value


def name(value: object) -> str:
    """A line of text that says something."""
    if not text(value).strip():
        raise ValueError("must not be empty")
    return text(value)


def key(value: object) -> str:
    """The name of a table such as `[agent.ana]`: it stands in commands and events."""
    if not isinstance(value, str) or not re.fullmatch(r"\w[\w.-]{0,59}", value):
        raise ValueError(f"{show(value)} must be letters, digits, hyphens and dots")
    return value


def address(value: object) -> str:
    if not _ADDRESS.fullmatch(text(value)):
        raise ValueError(f"{show(value)} is no e-mail address")
    return str(value)


def glob(value: object) -> str:
    """A pattern for addresses; one without `*` is an address or a domain after `@`."""
    word = name(value)
    if re.search(r"\s", word) or not re.search(r"[@*?]", word):
        raise ValueError(f'{show(value)} is no pattern of addresses: "*@acme.test", "bot@*"')
    return word


def domain(value: object) -> str:
    if not _DOMAIN.fullmatch(text(value)):
        raise ValueError(f"{show(value)} is no domain")
    return str(value).casefold()


def template(value: object) -> str:
    """An address with a place for the token, such as `{local}+{token}@{domain}`, or ""."""
    word = text(value)
    if not word:
        return word
    if unknown := set(re.findall(r"\{([^}]*)\}", word)) - {"local", "token", "domain"}:
        known = ("local", "token", "domain")
        raise ValueError(
            f"there is no {{{min(unknown)}}}, only {{local}}, {{token}} and {{domain}}"
            + did_you_mean(min(unknown), known)
        )
    if "+{token}@" not in word:
        raise ValueError('must hold "+{token}@", or be "" where plus addresses do not arrive')
    address(re.sub(r"\{\w+\}", "x", word))
    return word


def listen(value: object) -> Listen:
    found = re.fullmatch(r"\[?([^\[\]]*?)\]?:(\d{1,5})", text(value))
    if not found or int(found[2]) > 65535:
        raise ValueError(f'must be HOST:PORT such as "127.0.0.1:8025", not {show(value)}')
    return Listen(found[1] or "0.0.0.0", int(found[2]))  # noqa: S104 -- ":25" says so


def optional_listen(value: object) -> Listen | None:
    return listen(value) if value != "" else None


def size(value: object) -> int:
    """Bytes. MB is a million, MiB is 2^20."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if not found or not int(found[1]):
        raise ValueError(f'must be a size such as "25MB" or "512KiB", not {show(value)}')
    return int(found[1]) * _UNITS[found[2]]


def path(value: object, info: ValidationInfo) -> Path:
    """Relative to the config file's folder."""
    return base_of(info) / name(value)


def optional_path(value: object, info: ValidationInfo) -> Path | None:
    return path(value, info) if value != "" else None


def optional_span(value: object) -> timedelta | None:
    return duration.span(value) if value != "" else None


def optional_rate(value: object) -> duration.Rate | None:
    return duration.rate(value) if value != "" else None


def timezone(value: object) -> ZoneInfo:
    word = name(value)
    try:
        return ZoneInfo(word)
    except (KeyError, OSError, ValueError) as error:
        near = did_you_mean(word, available_timezones())
        raise ValueError(f'"{word}" is no time zone{near}') from error


def optional_timezone(value: object) -> ZoneInfo | None:
    return timezone(value) if value != "" else None


def url(value: object) -> str:
    """A page on http or https; a slash at the end is dropped."""
    parts = urlsplit(text(value))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError(
            f'must be an address such as "https://help.acme.test", not {show(value)}'
        )
    return str(value).rstrip("/")


def optional_url(value: object) -> str:
    return url(value) if value != "" else ""


#: user and password of a URL, which a fault does not repeat: faults are logged and mailed
_PASSWORD = re.compile(r"://.*@")


def store_url(value: object, info: ValidationInfo) -> str:
    """`sqlite:///file` (made absolute) or `postgresql://…`."""
    word = text(value)
    scheme, _, rest = word.partition("://")
    if scheme in ("postgres", "postgresql") and _names_a_database(word):
        return word
    if scheme == "sqlite" and rest.startswith("/") and rest.strip("/"):
        return "sqlite:///" + quote(str(base_of(info) / unquote(rest[1:])))
    raise ValueError(
        'must be "sqlite:///FILE" or "postgresql://HOST/DATABASE", not '
        + show(_PASSWORD.sub("://…@", word))
        + did_you_mean(scheme, ("sqlite", "postgresql"))
    )


def _names_a_database(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.port != 0 and bool(parts.path.strip("/"))
    except ValueError:  # a port that is no number, a bracket too few
        return False


def network(value: object) -> str:
    try:
        return str(ipaddress.ip_network(text(value), strict=False))
    except ValueError:
        raise ValueError(f"{show(value)} is no IP address or network") from None


def color(value: object) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", text(value)):
        raise ValueError(f'must be a colour such as "#0072B2", not {show(value)}')
    return str(value)


def after(value: object) -> After:
    action, _, folder = text(value).partition(":")
    match action, folder:
        case "move", folder if folder.strip():
            return After("move", folder)
        case "flag", "":
            return After("flag")
        case "delete", "":
            return After("delete")
    near = did_you_mean(action, ("move:Processed", "flag", "delete"))
    raise ValueError(f'must be "move:FOLDER", "flag" or "delete", not {show(value)}{near}')


def optional_secret(value: object, info: ValidationInfo) -> secret.Secret | None:
    return secret.parse(value, base_of(info))


def required_secret(value: object, info: ValidationInfo) -> secret.Secret:
    found = secret.parse(value, base_of(info))
    if found is None:
        raise ValueError('must be { env = "…" }, { file = "…" } or { command = "…" }')
    return found


_STRING = WithJsonSchema({"type": "string"})
_SECRET = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string"},
            *(
                {
                    "type": "object",
                    "properties": {kind: {"type": "string"}},
                    "required": [kind],
                    "additionalProperties": False,
                }
                for kind in ("env", "file", "command", "credential")
            ),
        ]
    }
)

Text = Annotated[str, PlainValidator(text), _STRING]
Name = Annotated[str, PlainValidator(name), _STRING]
Key = Annotated[str, PlainValidator(key), _STRING]
EmailAddress = Annotated[str, PlainValidator(address), _STRING]
Glob = Annotated[str, PlainValidator(glob), _STRING]
Domain = Annotated[str, PlainValidator(domain), _STRING]
Template = Annotated[str, PlainValidator(template), _STRING]
ListenOn = Annotated[Listen, PlainValidator(listen), _STRING]
MaybeListenOn = Annotated[Listen | None, PlainValidator(optional_listen), _STRING]
Size = Annotated[int, PlainValidator(size), _STRING]
InPath = Annotated[Path, PlainValidator(path), _STRING]
MaybePath = Annotated[Path | None, PlainValidator(optional_path), _STRING]
Span = Annotated[timedelta, PlainValidator(duration.span), _STRING]
MaybeSpan = Annotated[timedelta | None, PlainValidator(optional_span), _STRING]
WorkingTime = Annotated[Duration, PlainValidator(Duration.parse), _STRING]
MaybeWorkingTime = Annotated[
    Duration | None,
    PlainValidator(lambda value: Duration.parse(value) if value != "" else None),
    _STRING,
]
PerTime = Annotated[duration.Rate, PlainValidator(duration.rate), _STRING]
MaybePerTime = Annotated[duration.Rate | None, PlainValidator(optional_rate), _STRING]
Zone = Annotated[ZoneInfo, PlainValidator(timezone), _STRING]
MaybeZone = Annotated[ZoneInfo | None, PlainValidator(optional_timezone), _STRING]
StoreUrl = Annotated[str, PlainValidator(store_url), _STRING]
Url = Annotated[str, PlainValidator(url), _STRING]
MaybeUrl = Annotated[str, PlainValidator(optional_url), _STRING]
Network = Annotated[str, PlainValidator(network), _STRING]
Color = Annotated[str, PlainValidator(color), _STRING]
AfterTaking = Annotated[After, PlainValidator(after), _STRING]
MaybeSecret = Annotated[secret.Secret | None, PlainValidator(optional_secret), _SECRET]
NeededSecret = Annotated[secret.Secret, PlainValidator(required_secret), _SECRET]

# Lists come as TOML arrays and are kept as tuples.
Names = Annotated[tuple[Name, ...], Field(strict=False)]
Addresses = Annotated[tuple[EmailAddress, ...], Field(strict=False)]
Globs = Annotated[tuple[Glob, ...], Field(strict=False)]
Domains = Annotated[tuple[Domain, ...], Field(strict=False)]
Networks = Annotated[tuple[Network, ...], Field(strict=False)]
Port = Annotated[int, Field(ge=1, le=65535)]
