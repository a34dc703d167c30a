"""The whole of config.toml as one frozen value; attributes are called as its keys are.

Only `app` and the commands that build it read this; everything else gets plain values.
"""

from typing import Annotated

from pydantic import Field

from maild.config.desk import Agent, Department, Desk, Store
from maild.config.hours import Calendar
from maild.config.mail import Mailbox, Relay, Smtp
from maild.config.reporting import Kb, Report
from maild.config.service import (
    Cluster,
    Escalation,
    Levels,
    Lifecycle,
    Rule,
    Sla,
    Survey,
)
from maild.config.table import Table, default
from maild.config.upkeep import Limits, Log, Retention, Security
from maild.config.values import Key
from maild.config.web import Metrics, Portal, Webhook


class Settings(Table):
    """Tables that may be left out are None (`smtp`, `portal`) or hold their defaults."""

    desk: Desk
    store: Store = default({})
    smtp: Smtp | None = None
    mailbox: dict[Key, Mailbox] = default({})
    relay: Relay = default({})
    portal: Portal | None = None
    calendar: dict[Key, Calendar] = default({})
    agent: dict[Key, Agent] = default({})
    department: Annotated[dict[Key, Department], Field(min_length=1)]  #: the first: default
    levels: Levels = default({"1": {}, "2": {}, "3": {}})
    sla: list[Sla] = default([])
    escalation: list[Escalation] = default([])
    rule: list[Rule] = default([])
    cluster: list[Cluster] = default([])
    survey: Survey = default({})
    lifecycle: Lifecycle = default({})
    kb: Kb = default({})
    report: dict[Key, Report] = default({})
    limits: Limits = default({})
    security: Security = default({})
    retention: Retention = default({})
    webhook: dict[Key, Webhook] = default({})
    log: Log = default({})
    metrics: Metrics = default({})

    @property
    def default_department(self) -> str:
        """The first department's name."""
        return next(iter(self.department))
