"""`[limits]`, `[security]`, `[retention]` and `[log]`: how the desk looks after itself."""

from importlib.util import find_spec
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from maild.config.faults import Wrong
from maild.config.table import Table, default
from maild.config.values import Domains, MaybeSpan, PerTime, Size, Text


class Limits(Table):
    auto_replies_per_address: PerTime = default("1/day")
    answers_per_address: PerTime = default("10/hour")
    automatic_letters: PerTime = default("500/10m")
    max_participants: Annotated[int, Field(ge=1, le=1000)] = 50
    attachments: Size = default("15MB")


class Security(Table):
    agent_proof: Annotated[
        tuple[Literal["token", "reference", "dmarc", "dkim"], ...],
        Field(strict=False, min_length=1),
    ] = ("token", "reference", "dmarc")
    authserv_id: Text = ""
    report_failed_proof: bool = True
    public_domains: Domains = ()

    @model_validator(mode="after")
    def _dkim_is_installed(self) -> Self:
        if "dkim" in self.agent_proof and not find_spec("dkim"):
            raise Wrong("agent_proof", "\"dkim\" needs the extra: pip install 'maild[auth]'")
        return self


class Retention(Table):
    raw_mail: MaybeSpan = default("2y")
    closed_tickets: MaybeSpan = default("")


class Log(Table):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"
