"""A visit: one request, by whom, in which language, and the form it brings.

A form counts when it comes from our own page: browsers say where a form was sent from
(Origin), and forms that need no link of their own carry a word bound to the visitor's cookie.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from maild.ingest import filenames
from maild.model.mail import Attachment
from maild.portal.links import FORM, SESSION, Words
from maild.portal.mail import media_type
from maild.portal.pages import House

FORM_COOKIE, SESSION_COOKIE, LANGUAGE_COOKIE = "maild_form", "maild_session", "maild_language"
FORM_HOLDS = timedelta(hours=12)
MOST_FILES, MOST_FIELDS, LONGEST_FIELD = 10, 20, 400_000
_YEAR_S = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in."""

    email: str
    dashboard: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """What a form brought."""

    fields: Mapping[str, str]
    files: tuple[Attachment, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    def line(self, name: str) -> str:
        return " ".join(self[name].split())


@dataclass(slots=True)
class Visit:
    """One request."""

    request: Request
    house: House
    words: Words
    language: str
    now: datetime
    client: str  #: the visitor's address
    cookie: str = field(init=False)  #: what forms are bound to

    def __post_init__(self) -> None:
        sent = self.request.cookies.get(FORM_COOKIE, "")
        good = len(sent) == 22 and sent.isascii()
        self.cookie = sent if good else secrets.token_urlsafe(16)

    @property
    def path(self) -> str:
        """As it was asked for; `request.url` is made with the Host that the visitor names."""
        return str(self.request.scope["path"])

    @property
    def person(self) -> Person | None:
        """Who is signed in, if anybody."""
        said = self.words.read(SESSION, self.request.cookies.get(SESSION_COOKIE, ""), self.now)
        return Person(said[0], bool(said[1])) if said else None

    # -- forms --------------------------------------------------------------------------------

    def form_word(self) -> str:
        """What a form carries along: the visitor's cookie, an id, and when it was made."""
        made = int(self.now.timestamp())
        values = [self.cookie, secrets.token_hex(12), made]
        return self.words.make(FORM, values, self.now + FORM_HOLDS)

    def read_word(self, form: Form) -> tuple[str, datetime] | None:
        """The form's id and when it was made; None where it was not made for this visitor."""
        said = self.words.read(FORM, form["csrf"], self.now)
        if said is None or not hmac.compare_digest(said[0], self.cookie):
            return None
        return said[1], datetime.fromtimestamp(said[2], UTC)

    def is_foreign(self) -> bool:
        """Whether a browser says that the form stands on somebody else's page."""
        origin = self.request.headers.get("origin")
        if origin is None:
            site = self.request.headers.get("sec-fetch-site", "same-origin")
            return site not in ("same-origin", "none")
        if origin.lower() == self.house.origin:
            return False
        host = self.request.headers.get("host", "").lower()
        return not host or origin.lower().partition("://")[2] != host

    async def form(self) -> Form:
        """The fields and files sent. Raises starlette's HTTPException where they don't fit."""
        async with self.request.form(
            max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD
        ) as sent:
            fields: dict[str, str] = {}
            files: list[UploadFile] = []
            for name, value in sent.multi_items():
                if isinstance(value, UploadFile):
                    files.append(value)
                else:
                    fields.setdefault(name, value[:LONGEST_FIELD])
            return Form(fields, tuple([await _file(f) for f in files if f.filename]))

    # -- answers ------------------------------------------------------------------------------

    def sign_in(self, response: Response, person: Person, lasts: timedelta) -> None:
        values = [person.email, int(person.dashboard)]
        word = self.words.make(SESSION, values, self.now + lasts)
        self._set(response, SESSION_COOKIE, word, int(lasts.total_seconds()))

    def sign_out(self, response: Response) -> None:
        response.delete_cookie(
            SESSION_COOKIE, httponly=True, samesite="lax", secure=self.house.secure
        )

    def remember_form(self, response: Response) -> None:
        if self.request.cookies.get(FORM_COOKIE) != self.cookie:
            self._set(response, FORM_COOKIE, self.cookie, int(FORM_HOLDS.total_seconds()) * 60)

    def remember_language(self, response: Response) -> None:
        self._set(response, LANGUAGE_COOKIE, self.language, _YEAR_S)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            httponly=True,
            samesite="lax",
            secure=self.house.secure,
        )


async def _file(upload: UploadFile) -> Attachment:
    kind = media_type(upload.content_type or "")
    name = filenames.safe(upload.filename or "") or filenames.invented(kind)
    return Attachment(name, kind, await upload.read())


def choose_language(request: Request, known: Sequence[str]) -> str:
    """`?lang=`, else the language chosen before, else the browser's first that is known."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    if asked in known:
        return asked
    for word in _accepted(request.headers.get("accept-language", "")):
        if word in known:
            return word
    return known[0]


def _accepted(header: str) -> list[str]:
    """The languages a browser asks for, most wanted first (RFC 9110, 12.5.4)."""
    wanted = []
    for part in header[:500].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            share = float(weight or 1)
        except ValueError:
            continue
        wanted.append((-share, name.strip().partition("-")[0].lower()))
    return [name for share, name in sorted(wanted, key=lambda pair: pair[0]) if share < 0]
