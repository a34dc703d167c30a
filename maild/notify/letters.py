"""Letters: a type and its facts become subject, text and HTML, with the headers it needs.

Whom to write to and why is decided elsewhere (`desk`, `notify.notices`); how a letter becomes
bytes is `notify.mime`'s business. Pure: ids and the present are handed in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from traceback import walk_tb
from typing import Any

from jinja2 import TemplateSyntaxError

from maild.model.letter import File, Letter, LetterType, Picture
from maild.model.mail import Address
from maild.model.ticket import Enclosure
from maild.notify import drafts
from maild.notify.environment import LETTERS, Environment
from maild.notify.facts import (
    NEEDS,
    Action,
    Desk,
    Facts,
    Information,
    Resolution,
    TicketFacts,
    commands,
)
from maild.notify.wording import one_line

SUBJECT = "Subject:"
_LONGEST_SUBJECT = 250
_ACTION_SUBJECT = 80

#: To agents, supervisors and admins; everything else is for customers.
INTERNAL = frozenset(
    {
        LetterType.AGENT_NEW,
        LetterType.AGENT_MESSAGE,
        LetterType.ASSIGNED,
        LetterType.ESCALATION,
        LetterType.RETURNED,
        LetterType.SLA_WARNING,
        LetterType.SLA_BREACH,
        LetterType.REPORT,
        LetterType.DIGEST,
        LetterType.COMMAND_ERROR,
        LetterType.CONFIRM,
        LetterType.DELIVERY_FAILED,
        LetterType.LOW_RATING,
        LetterType.ADMIN,
    }
)

#: Letters that belong to an agent's view of a ticket: all bear the ticket's own subject.
ABOUT_TICKET = frozenset(
    {
        LetterType.AGENT_NEW,
        LetterType.AGENT_MESSAGE,
        LetterType.ASSIGNED,
        LetterType.ESCALATION,
        LetterType.RETURNED,
        LetterType.SLA_WARNING,
        LetterType.SLA_BREACH,
        LetterType.DELIVERY_FAILED,
    }
)

#: RFC 3834; what is missing is auto-generated. `reply` is a person's.
_ANSWERS = frozenset(
    {
        LetterType.ACKNOWLEDGEMENT,
        LetterType.ANSWER,
        LetterType.COMMAND_ERROR,
        LetterType.CONFIRM,
        LetterType.LINK,
    }
)

#: MS-OXCMAIL 2.1.3.2.20. Never "All": that includes the bounces we live on.
_SUPPRESS_PERSON = "OOF, AutoReply"
_SUPPRESS = "OOF, AutoReply, DR, RN, NRN"


@dataclass(frozen=True, slots=True)
class Post:
    """Who sends a letter to whom, and where it stands in its conversation."""

    sender: Address  #: From
    recipient: str  #: the one address it goes to
    to: tuple[Address, ...] = ()  #: the To line; empty: the recipient alone
    cc: tuple[Address, ...] = ()
    reply_to: Address | None = None
    message_id: str = ""  #: empty: a new one
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()  #: oldest first
    subject_token: str = ""  #: where no address can carry it: stands behind the tag
    leave: str = ""  #: an address to write to for getting no more of this


class Writer:
    """Writes letters of one desk. Keeps compiled templates; use it in one thread at a time."""

    def __init__(
        self,
        environment: Environment,
        desk: Desk,
        *,
        new_id: Callable[[int | None], str],
        language: str = "en",
        on_fault: Callable[[str], None] = lambda fault: None,
    ) -> None:
        """`new_id(ticket)` makes a Message-ID; `language` stands in for ones without words;
        `on_fault` hears of own templates that failed."""
        self._environment = environment
        self._desk = desk
        self._new_id = new_id
        self._language = language
        self._on_fault = on_fault
        self._known = environment.languages

    def write(
        self,
        type: LetterType,
        facts: Facts,
        *,
        post: Post,
        language: str,
        now: datetime,
        enclosures: Sequence[Enclosure] = (),
        files: Sequence[File] = (),
        pictures: Sequence[Picture] = (),
    ) -> Letter:
        """One letter, complete. Raises TypeError for facts of another type's letter."""
        drafted = self.draft(
            type,
            facts,
            post=post,
            language=language,
            now=now,
            enclosures=enclosures,
            files=files,
            pictures=pictures,
        )
        return self._put_into_words(drafted, facts, post, now)

    def draft(
        self,
        type: LetterType,
        facts: Facts,
        *,
        post: Post,
        language: str,
        now: datetime,
        enclosures: Sequence[Enclosure] = (),
        files: Sequence[File] = (),
        pictures: Sequence[Picture] = (),
    ) -> Letter:
        """The letter but for its words, which `finish` adds when it leaves."""
        if not isinstance(facts, NEEDS[type]):
            raise TypeError(f"{type} needs {NEEDS[type].__name__}, not {facts!r}")
        ticket: TicketFacts | None = getattr(facts, "ticket", None)
        draft = {"facts": drafts.keep(facts), "now": drafts.keep(now)}
        if post.subject_token:
            draft["token"] = post.subject_token
        return Letter(
            type=type,
            recipient=post.recipient,
            sender=post.sender,
            to=post.to or (Address("", post.recipient),),
            cc=post.cc,
            reply_to=post.reply_to,
            subject="",
            text="",
            ticket=ticket.number if ticket else None,
            message_id=post.message_id or self._new_id(ticket.number if ticket else None),
            in_reply_to=post.in_reply_to,
            references=post.references,
            auto_submitted=auto_submitted(type, facts),
            list_id=list_id(post.sender.email) if _internal(type, facts) else None,
            headers=(
                ("X-Auto-Response-Suppress", suppressed(type, facts)),
                *((("List-Unsubscribe", f"<{post.leave}>"),) if post.leave else ()),
            ),
            enclosures=tuple(enclosures),
            pictures=(*pictures, *self._logo(type, facts)),
            files=tuple(files),
            language=language if language in self._known else self._language,
            draft=draft,
        )

    def finish(self, letter: Letter) -> Letter:
        """A drafted letter in words; one that is complete stays as it is."""
        if letter.draft is None:
            return letter
        post = Post(
            sender=letter.sender,
            recipient=letter.recipient,
            reply_to=letter.reply_to,
            subject_token=letter.draft.get("token", ""),
        )
        facts, now = drafts.recall(letter.draft["facts"]), drafts.recall(letter.draft["now"])
        return self._put_into_words(letter, facts, post, now)

    def _put_into_words(
        self, letter: Letter, facts: Facts, post: Post, now: datetime
    ) -> Letter:
        ticket: TicketFacts | None = getattr(facts, "ticket", None)
        subject, text, html = self._render(
            letter.type, facts, ticket, letter.language, post, now
        )
        return replace(letter, subject=subject, text=text, html=html, draft=None)

    def _render(
        self,
        type: LetterType,
        facts: Facts,
        ticket: TicketFacts | None,
        language: str,
        post: Post,
        now: datetime,
    ) -> tuple[str, str, str]:
        """Subject, text, HTML. An own template that fails gives way to the built-in one:
        a letter that looks otherwise than wished is better than none."""
        environment = self._environment
        try:
            return self._fill(environment, type, facts, ticket, language, post, now)
        except Exception as fault:  # a template may fail in any way
            if not environment.own:
                raise
            self._on_fault(describe(fault, type, language))
        return self._fill(environment.builtin, type, facts, ticket, language, post, now)

    def _fill(
        self,
        environment: Environment,
        type: LetterType,
        facts: Facts,
        ticket: TicketFacts | None,
        language: str,
        post: Post,
        now: datetime,
    ) -> tuple[str, str, str]:
        words = environment.words(language)
        lead = self._lead(ticket, post.subject_token if _internal(type, facts) else "")
        context: dict[str, Any] = {
            "desk": self._desk,
            "language": language,
            "words": words,
            "zone": self._desk.timezone,
            "now": now,
            "type": type.value,
            "logo": self._desk.logo,
            "actions": self._actions(type, ticket, words, post, lead),
            **{f.name: getattr(facts, f.name) for f in fields(facts)},
        }
        name = f"{LETTERS}/{language}/{type.value}"
        written = environment.get_template(f"{name}.txt").render(context)
        first, _, text = written.partition("\n")
        subject = one_line(lead + first.removeprefix(SUBJECT), _LONGEST_SUBJECT)
        html = environment.get_template(f"{name}.html").render(context, heading=subject)
        return subject, _tidy(text), html

    def _lead(self, ticket: TicketFacts | None, token: str) -> str:
        """What every subject begins with: the tag, and the token where subjects bear one."""
        tag = f"[{self._desk.tag} #{ticket.number}]" if ticket else f"[{self._desk.tag}]"
        return f"{tag} {token} " if token else f"{tag} "

    def _actions(
        self,
        type: LetterType,
        ticket: TicketFacts | None,
        words: Mapping[str, Any],
        post: Post,
        lead: str,
    ) -> tuple[Action, ...]:
        if type is LetterType.CONFIRM:
            offered = {"confirm": words["confirm"]}
        elif type in ABOUT_TICKET:
            offered = words["actions"]
        else:
            return ()
        address = (post.reply_to or post.sender).email
        subject = one_line(lead + (ticket.subject if ticket else ""), _ACTION_SUBJECT)
        said = [(name, one["command"] + "\n") for name, one in offered.items()]
        return commands(address, subject, said)

    def _logo(self, type: LetterType, facts: Facts) -> tuple[Picture, ...]:
        logo = self._desk.logo
        return (logo,) if logo and not _internal(type, facts) else ()


def describe(fault: Exception, type: LetterType, language: str) -> str:
    """`letters/es/reply.html:12: 'tickett' is undefined`, as far as it is known."""
    where = _place(fault) or f"{LETTERS}/{language}/{type.value}"
    return f"{where}: {fault or fault.__class__.__name__}"


def _place(fault: Exception) -> str:
    """The template's line at which a rendering failed: the innermost one on the way there."""
    if isinstance(fault, TemplateSyntaxError):
        return f"{fault.name}:{fault.lineno}"
    places = [
        f"{frame.f_code.co_filename}:{number}"
        for frame, number in walk_tb(fault.__traceback__)
        if frame.f_code.co_filename.endswith((".txt", ".html"))
    ]
    return places[-1] if places else ""


def auto_submitted(type: LetterType, facts: Facts) -> str | None:
    """`Auto-Submitted` as CONTRACT section 4 has it; None where a person wrote."""
    if _by_person(type, facts):
        return None
    return "auto-replied" if type in _ANSWERS else "auto-generated"


def suppressed(type: LetterType, facts: Facts) -> str:
    """`X-Auto-Response-Suppress`: what an Exchange server shall not send back."""
    return _SUPPRESS_PERSON if _by_person(type, facts) else _SUPPRESS


def list_id(address: str) -> str:
    """`List-Id` of letters from this address (RFC 2919): `<soporte.acme.test>`."""
    local, _, domain = address.partition("@")
    return f"<{local.partition('+')[0]}.{domain}>"


def _internal(type: LetterType, facts: Facts) -> bool:
    return type in INTERNAL or (isinstance(facts, Information) and facts.internal)


def _by_person(type: LetterType, facts: Facts) -> bool:
    if type is LetterType.RESOLVED:
        return isinstance(facts, Resolution) and facts.message is not None
    return type is LetterType.REPLY


def _tidy(text: str) -> str:
    """Without blanks at the ends of lines, and never two empty lines in a row of ours."""
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n")) + "\n"
