"""`[portal]`, `[webhook.*]` and `[metrics]`: what speaks HTTP."""

from typing import Annotated, Literal

from pydantic import Field

from maild.config.table import Table, default
from maild.config.values import (
    Color,
    Key,
    ListenOn,
    MaybeListenOn,
    MaybePath,
    MaybeUrl,
    Name,
    NeededSecret,
    Networks,
    PerTime,
    Span,
    Url,
)

EventWord = Literal[
    "created", "message", "department", "assigned", "priority", "level", "status", "tags", "cc",
    "sla_warning", "sla_breach", "survey_sent", "rated", "merged", "linked", "suggested",
    "delivery_failed", "undone",
]  # fmt: skip


class Source(Table):
    """A program that may POST tickets."""

    key: NeededSecret
    channel: Name = "api"


class Portal(Table):
    listen: ListenOn = default("127.0.0.1:8080")
    url: MaybeUrl = default("")
    color: Color = "#0072B2"
    logo: MaybePath = default("")
    link_expires: Span = default("15m")
    session: Span = default("30d")
    ticket_link_expires: Span = default("180d")
    forms_per_address: PerTime = default("30/hour")
    proxies: Networks = ()
    source: dict[Key, Source] = default({})

    @property
    def base(self) -> str:
        """What links in mails begin with, without a slash at the end."""
        return self.url or f"http://{self.listen}"


class Webhook(Table):
    url: Url
    events: Annotated[tuple[EventWord, ...], Field(strict=False, min_length=1)]
    secret: NeededSecret


class Metrics(Table):
    listen: MaybeListenOn = default("")
