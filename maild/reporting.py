"""Reports put together: figures from the store, the letter, the files; on time or on demand.

What the figures mean is `reports.kpi`'s business, how they are shown `reports.letter`'s.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

import structlog
from jinja2 import Environment

from maild.aside import aside, may_fork
from maild.desk.roster import Member
from maild.errors import NotFound
from maild.model.letter import File, Letter, LetterType
from maild.model.mail import Address
from maild.model.people import Role
from maild.notify.addressing import Addressing
from maild.notify.facts import mailto
from maild.notify.letters import list_id
from maild.notify.mime import compose as compose_mime
from maild.reports.actions import actions
from maild.reports.csv_files import TicketSheet
from maild.reports.figures import Names
from maild.reports.letter import ReportLetter, compose
from maild.reports.measure import Watcher, measure
from maild.reports.periods import Every, Period, last_slot, period_of
from maild.reports.question import Question
from maild.reports.recurring import Request, since
from maild.reports.words import Link, Setting
from maild.reports.worklist import Lookout, Worklist
from maild.sla.policy import Budget, Rulebook
from maild.store import Store

log = structlog.get_logger("reports")

#: a report that could not leave on its day is sent late, but not a month later
LATEST = timedelta(days=14)


class Report(Protocol):
    """What `[report.NAME]` says."""

    @property
    def to(self) -> Sequence[str]: ...
    @property
    def every(self) -> Every: ...
    @property
    def period(self) -> str: ...
    @property
    def department(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def agents(self) -> bool: ...
    @property
    def exclude_senders(self) -> Sequence[str]: ...
    @property
    def targets(self) -> Mapping[str, Budget | float]: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A report with all that its letter needs."""

    name: str
    figures: dict[str, Any]  #: CONTRACT section 6
    previous: dict[str, Any]
    worklist: Worklist
    tickets: File
    period: Period
    targets: Mapping[str, float]


@dataclass(frozen=True)
class Reporting:
    """The desk's reports over one store."""

    reports: Mapping[str, Report]
    store: Store
    rulebook: Rulebook
    zone: ZoneInfo
    tag: str
    language: str
    first_department: str
    names: Names
    environment: Environment
    addressing: Addressing
    sender_name: str
    balance: Callable[[Period], Mapping[str, int]]
    articles: Callable[[], Mapping[str, str]] = dict  #: key of a problem -> the article's slug
    article: Callable[[str], Link | None] = lambda slug: None
    role: Callable[[str], Role] = lambda recipient: Role.STRANGER  #: what he is to the desk
    dashboard: Callable[[str], str | None] = lambda recipient: None  #: whose it is, if he may

    def named(self, name: str) -> Report:
        """The config of a report; `NotFound` names those there are."""
        if name not in self.reports:
            known = ", ".join(self.reports) or "none"
            raise NotFound(f'there is no report "{name}" (there are: {known})')
        return self.reports[name]

    def make(self, name: str, period: str, now: datetime, *, files: bool = True) -> Made:
        """The figures of a period, and of the one before. `period` may be empty; without
        `files` the sheet of tickets stays so.

        Raises `NotFound` for an unknown report, ValueError for a period that is none.
        """
        config = self.named(name)
        covered = period_of(period or config.period, now, self.zone)
        question = self._question(name, config, covered, now)
        before = replace(question, period=covered.before())
        lookout, sheet = Lookout(question), TicketSheet(question)
        previous = self._aside(lambda: self._measure(before))
        figures = self._measure(question, *((lookout, sheet) if files else (lookout,)))
        missed = self.store.misses.most(covered.first, covered.last)
        figures["searches"] = [{"words": words, "count": n} for words, n in missed]
        return Made(
            name, figures, previous(), lookout.worklist(), sheet.file(), covered,
            question.targets,
        )  # fmt: skip

    def _question(self, name: str, config: Report, period: Period, now: datetime) -> Question:
        department = config.department or None
        day = self.rulebook.calendar_of(department or self.first_department).day
        targets = {
            key: goal if isinstance(goal, int | float) else goal.of(day).total_seconds()
            for key, goal in config.targets.items()
        }
        return Question(
            report=name,
            period=period,
            rulebook=self.rulebook,
            now=now,
            department=department,
            language=config.language or self.language,
            targets=targets,
            excluded=_excluded(config.exclude_senders),
            articles=self.articles(),
            agents=config.agents,
        )

    def _measure(self, question: Question, *watchers: Watcher) -> dict[str, Any]:
        period, histories = question.period, self.store.histories
        with self.store.engine.reading(), _no_search_for_cycles():
            older = histories.requests(since(period), period.start)
            return measure(
                histories.around(period.start, period.end),
                question,
                *watchers,
                requests=[r for r in older if _is_about(r, question)],
            )

    def _aside(self, work: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        """In a process of its own where the store is so large that it pays."""
        if self.store.histories.are_many() and may_fork():
            return aside(work, self.store.forget_inherited)
        return work

    # -- the letter ---------------------------------------------------------------------------

    def letter(
        self, made: Made, recipient: str, now: datetime, *, late: datetime | None = None
    ) -> Letter:
        """The report to one person, with actions signed for him."""
        config = self.named(made.name)
        written = self._write(made, config, recipient, now, late)
        for fault in written.faults:
            log.warning("a chart could not be drawn", report=made.name, error=fault)
        post = self.addressing.post(
            recipient, ticket=None, sender_name=self.sender_name, to=(Address("", recipient),)
        )
        return Letter(
            type=LetterType.REPORT,
            recipient=recipient,
            sender=post.sender,
            to=post.to,
            subject=written.subject,
            text=written.text,
            html=written.html,
            reply_to=post.reply_to,
            message_id=post.message_id,
            references=post.references,
            auto_submitted="auto-generated",
            list_id=list_id(post.sender.email),
            headers=(("X-Auto-Response-Suppress", "OOF, AutoReply, DR, RN, NRN"),),
            pictures=written.pictures,
            files=written.files,
            language=config.language or self.language,
        )

    def _write(
        self,
        made: Made,
        config: Report,
        recipient: str,
        now: datetime,
        late: datetime | None,
    ) -> ReportLetter:
        language = config.language or self.language
        setting = Setting(
            tag=self.tag,
            language=language,
            period=made.period,
            known_until=min(now, made.period.end),
            names=self.names,
            targets=made.targets,
            department=config.department or None,
            links=lambda ticket: self._links(ticket, recipient, language),
            may_ask=self.role(recipient) is not Role.STRANGER,
            balance=self.balance(made.period),
            late=late,
            dashboard=self.dashboard(recipient),
            article=self.article,
        )
        return compose(
            made.figures,
            made.previous,
            made.worklist,
            setting,
            self.environment,
            tickets=made.tickets,
        )

    def _links(self, ticket: int, recipient: str, language: str) -> Sequence[Link]:
        found = self.store.cases.ticket(ticket)
        if found is None:
            return ()
        post = self.addressing.post(recipient, ticket=found, sender_name=self.sender_name)
        assert post.reply_to is not None
        subject = f"[{self.tag} #{ticket}] {found.subject}"
        highest = max(self.names.levels, default=1)
        return [
            Link(label, mailto(post.reply_to.email, subject, f"{command}\n"))
            for label, command in actions(self.role(recipient), found, highest, language)
        ]

    def files(self, made: Made, now: datetime, folder: Path) -> list[Path]:
        """`report.eml`, the CSVs and the pictures, written into a folder."""
        config = self.named(made.name)
        letter = self.letter(made, config.to[0], now)
        folder.mkdir(parents=True, exist_ok=True)
        contents = {
            "report.eml": compose_mime(letter, lambda enclosure: b"", date=now),
            **{file.filename: file.content for file in letter.files},
            **{picture.filename: picture.content for picture in letter.pictures},
        }
        written = []
        for name, content in contents.items():
            path = folder / Path(name).name
            path.write_bytes(content)
            written.append(path)
        return written

    # -- on time ------------------------------------------------------------------------------

    def send(
        self,
        made: Made,
        recipients: Sequence[str],
        now: datetime,
        cause: str,
        *,
        late: datetime | None = None,
    ) -> None:
        """Within a transaction: the report to each of them, once per cause."""
        for recipient in recipients:
            letter = self.letter(made, recipient, now, late=late)
            self.store.outbox.post(letter, cause, now=now)

    def ask(self, name: str, period: str, member: Member, cause: str, now: datetime) -> None:
        """`#report NAME [PERIOD]`, within a transaction: the timetable makes it, so that mail
        need not wait. Raises `NotFound` or ValueError where there is nothing to make."""
        self.named(name)
        period_of(period or self.named(name).period, now, self.zone)
        wish = {"name": name, "period": period, "to": member.address.email, "cause": cause}
        self.store.histories.ask(wish, now)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Histories come and go by the thousand, and none holds itself: looking for those that do
    is a tenth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _is_about(request: Request, question: Question) -> bool:
    department = question.department
    return not question.excluded(request.requester) and (
        department is None or request.department == department
    )


def _excluded(globs: Sequence[str]) -> Callable[[str], bool]:
    folded = [glob.casefold() for glob in globs]
    return lambda sender: any(fnmatchcase(sender.casefold(), glob) for glob in folded)


@dataclass(slots=True)
class ReportRounds:
    """Each report at its time: exactly one per slot and recipient, caught up once."""

    reporting: Reporting
    done: Callable[[], None]
    name: ClassVar[str] = "reports"

    def run(self, now: datetime) -> bool:
        for name, config in self.reporting.reports.items():
            self._look(name, config, now)
        for wish in self.reporting.store.histories.asked():
            self._answer(wish, now)
        return False

    def _answer(self, wish: Mapping[str, str], now: datetime) -> None:
        reporting, cause = self.reporting, wish["cause"]
        made = reporting.make(wish["name"], wish["period"], now)
        with reporting.store.write():
            if reporting.store.histories.answered(cause):
                reporting.send(made, [wish["to"]], now, f"asked:{cause}")
        self.done()

    def _look(self, name: str, config: Report, now: datetime) -> None:
        reporting, histories = self.reporting, self.reporting.store.histories
        slot = last_slot(config.every, now, reporting.zone)
        job = f"report:{name}"
        if slot <= histories.installed() or now - slot > LATEST:
            return
        if histories.slot_is_done(job, slot):
            return
        made = reporting.make(name, "", slot)
        late = slot if now - slot > timedelta(minutes=5) else None
        with reporting.store.write():
            if histories.take_slot(job, slot, now, made.figures):
                reporting.send(made, config.to, now, f"{job}:{slot.isoformat()}", late=late)
        self.done()
        log.info("report sent", report=name, late=late is not None)
