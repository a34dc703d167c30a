"""The knowledge base as the desk uses it: articles that are suggested, asked for, drafted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maild.config.settings import Settings
from maild.desk.questions import Reply
from maild.desk.sentences import say
from maild.health.sentences import told
from maild.kb.article import Article
from maild.kb.draft import write_draft
from maild.kb.library import Fault
from maild.kb.unanswered import kept_words
from maild.kb.wanted import Wanted
from maild.model.ticket import Message, Ticket
from maild.notify.facts import Information
from maild.store import Store

if TYPE_CHECKING:
    from maild.app import App

_FOUND = 5  #: articles in the answer to `kb WORDS`
_SHOWN = 10  #: tickets that are named where an article is missing


@dataclass(frozen=True, slots=True)
class Shelf:
    """The library at the desk's hand, over one store."""

    app: "App"
    store: Store

    @property
    def _settings(self) -> Settings:
        return self.app.settings

    def suggest(self, ticket: Ticket, text: str) -> Sequence[Article]:
        """What may answer a new ticket by itself."""
        return self.app.library.suggest(
            f"{ticket.subject}\n{text}",
            lang=ticket.language,
            department=ticket.department,
            most=self._settings.kb.suggest,
        )

    def answer(self, words: str, language: str) -> Reply:
        """What a mail that asks for articles is answered, within the caller's transaction."""
        found = self.app.library.search(words, lang=language, most=_FOUND)
        if not found and (asked := kept_words(words)):
            today = self.app.clock.now().astimezone(self.app.practice.timezone).date()
            self.store.misses.note(asked, today)
        links = self.app.links
        said = say("kb-none", language) if not found else ""
        return Reply(
            say("kb-title", language),
            lines=(said,) if said else (),
            links=tuple((a.title, links.article(a.slug) if links else "") for a in found),
        )

    def draft(self, ticket: Ticket, messages: Sequence[Message]) -> str:
        """`#kb`: the file, and a letter to its owner, within the caller's transaction."""
        folder = Path(self._settings.kb.folder)
        path = write_draft(folder, ticket, messages)
        place = str(path.relative_to(folder.parent))
        title = f"{place}: [{self.app.practice.tag} #{ticket.id}] {ticket.subject}"
        facts = Information(title=title, pre=path.read_text("utf-8"))
        self._inform_owner(facts, f"draft:{ticket.id}")
        return place

    def tell_broken(self, fault: Fault) -> None:
        """An article that can't be read, to its owner."""
        path, language = fault.path, self.app.practice.language
        title, text = told("article", language, name=path.name, path=path, reason=fault.reason)
        with self.store.write():
            self._tell_owner(title, text, f"kb:{fault.key}")
        self.app.letters_bell.ring()

    def tell_wanted(self, wanted: Wanted) -> None:
        """The article that is missing most, to the owner."""
        shown = [f"[{self.app.practice.tag} #{n}]" for n in wanted.tickets[:_SHOWN]]
        more = len(wanted.tickets) - len(shown)
        title, text = told(
            "wanted",
            self.app.practice.language,
            name=wanted.name,
            count=len(wanted.tickets),
            tickets=", ".join([*shown, *([f"+ {more}"] if more else [])]),
            folder=f"{self._settings.kb.folder}/{self.app.practice.language}",
            problem=wanted.key,
        )
        with self.store.write():
            self._tell_owner(title, text, wanted.cause)
        self.app.letters_bell.ring()

    def _tell_owner(self, title: str, text: str, cause: str) -> None:
        lines = tuple(line for line in text.splitlines() if line.strip())
        self._inform_owner(Information(title=title, lines=lines), cause)

    def _inform_owner(self, facts: Information, cause: str) -> None:
        owner, roster = self._settings.kb.owner, self.app.roster
        agent = roster.agents.get(owner)
        recipients = (agent.email,) if agent else (owner,) if owner else roster.admins
        self.app.house.inform(self.store, recipients, facts, cause=cause)
