"""Letters: what people read, in both languages, whatever customers write."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from maild.model.letter import Letter, LetterType, Picture
from maild.model.mail import Address
from maild.notify import samples
from maild.notify.environment import Environment
from maild.notify.facts import (
    NEEDS,
    Acknowledgement,
    Answer,
    Attached,
    Desk,
    Facts,
    Information,
    Link,
    MessageFacts,
    Notice,
    Person,
    Resolution,
    TicketFacts,
    mailto,
)
from maild.notify.letters import INTERNAL, Post, Writer
from maild.notify.samples import ANSWERED, ASKED, DESK, NOW, POST, SAMPLES, TICKET

MARKER = "## Responda por encima de esta línea · Reply above this line ##"
CUSTOMER = [t for t in NEEDS if t not in INTERNAL and t is not LetterType.ANSWER]
CASES = [
    pytest.param(type, facts, language, id=f"{type.value}-{n}-{language}")
    for type, needed in NEEDS.items()
    for n, facts in enumerate(SAMPLES[needed])
    for language in ("es", "en")
]


@pytest.fixture(scope="module")
def environment() -> Environment:
    return Environment()


@pytest.fixture(scope="module")
def writer(environment: Environment) -> Writer:
    return Writer(environment, DESK, new_id=lambda ticket: f"<t{ticket}.new@acme.test>")


def written(
    writer: Writer, type: LetterType, facts: Facts, language: str = "es", post: Post = POST
) -> Letter:
    return writer.write(type, facts, post=post, language=language, now=NOW)


def changed(facts: Any, **values: Any) -> Facts:
    """The same facts with other values."""
    other: Facts = replace(facts, **values)
    return other


def shown(page: str) -> str:
    """What a reader sees of a page, as one line."""
    page = re.sub(r"(?s)<(head|style)\b.*?</\1>|<div class=\"preheader\".*?</div>", " ", page)
    page = re.sub(r"(?s)<!--.*?-->|<!doctype[^>]*>", "", page)
    return " ".join(
        html.unescape(re.sub(r"</?(?:span|a)\b[^>]*>", "", page_text(page))).split()
    )


def page_text(page: str) -> str:
    return re.sub(r"</?(?!span\b|a\b)[a-z][^>]*>", " ", page)


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", html.unescape(text)))


# -- every letter --------------------------------------------------------------------------


def test_every_type_but_the_report_has_facts() -> None:
    """No letter is forgotten; reports write their own."""
    assert set(NEEDS) == set(LetterType) - {LetterType.REPORT}


def test_both_languages_have_the_same_files(environment: Environment) -> None:
    """What is written in one language is written in the other, and nothing else."""
    names = environment.list_templates()
    by_language = {
        language: {n.rpartition("/")[2] for n in names if n.startswith(f"letters/{language}/")}
        for language in environment.languages
    }
    expected = {f"{t.value}.{kind}" for t in NEEDS for kind in ("txt", "html")}
    assert by_language == {"es": expected | {"words.toml"}, "en": expected | {"words.toml"}}


def test_both_languages_name_the_same_things(environment: Environment) -> None:
    """`words.toml` has the same keys in both languages."""

    def keys(words: object, above: str = "") -> Iterator[str]:
        if isinstance(words, dict):
            for key, value in words.items():
                yield from keys(value, f"{above}.{key}")
        else:
            yield above

    assert set(keys(environment.words("es"))) == set(keys(environment.words("en")))


@pytest.mark.parametrize(("type", "facts", "language"), CASES)
def test_letters_are_complete(
    writer: Writer, type: LetterType, facts: Facts, language: str
) -> None:
    """Every letter has a tagged subject, text and HTML in its language, and no loose ends."""
    letter = written(writer, type, facts, language)
    assert letter.subject.startswith(("[ACME #1042] ", "[ACME #1042]", "[ACME] "))
    assert letter.subject == letter.subject.strip()
    assert letter.html is not None
    assert f'<html lang="{language}"' in letter.html
    assert len(letter.html) < 60_000  # Gmail clips at 102 KB
    for part in (letter.text, letter.html):
        assert "{{" not in part
        assert "{%" not in part
        assert "None" not in part
    assert "\n\n\n\n" not in letter.text


@pytest.mark.parametrize(("type", "facts", "language"), CASES)
def test_text_and_html_say_the_same(
    writer: Writer, environment: Environment, type: LetterType, facts: Facts, language: str
) -> None:
    """Names, numbers, dates and people's words stand in both parts; labels may differ."""
    letter = written(writer, type, facts, language)
    page = letter.html or ""
    links = " ".join(re.findall('href="([^"]*)"', page)) + letter.subject
    labels = words_of(str(environment.words(language)))
    text = words_of(f"{letter.subject} {letter.text}")
    assert text - words_of(f"{shown(page)} {links}") - labels == set()
    assert words_of(shown(page)) - text - labels == set()


@pytest.mark.parametrize("type", sorted(INTERNAL & set(NEEDS)))
def test_letters_to_agents_can_be_cut(writer: Writer, type: LetterType) -> None:
    """The marker line stands in text and HTML, and the whole page is marked for cutting."""
    letter = written(writer, type, SAMPLES[NEEDS[type]][0])
    assert letter.text.count(MARKER) == 1
    assert letter.html is not None
    assert MARKER in letter.html
    body = letter.html[letter.html.index("<body") :]
    assert re.match(r'<body[^>]*>\s*<div data-maild-cut="1">', body)
    assert letter.list_id == "<soporte.acme.test>"


@pytest.mark.parametrize("type", CUSTOMER)
@pytest.mark.parametrize("language", ["es", "en"])
def test_customers_see_nothing_internal(
    writer: Writer, type: LetterType, language: str
) -> None:
    """No marker, no command, no action link, no address of an agent or of his token."""
    post = replace(POST, recipient="luis@cliente.test", to=(), subject_token="[~secret]")
    for facts in SAMPLES[NEEDS[type]]:
        letter = written(writer, type, facts, language, post)
        everything = f"{letter.subject}\n{letter.text}\n{letter.html}"
        for secret in ("##", "data-maild-cut", "mailto:", "#tom", "#take", "ana@acme.test",
                       "secret", "Llamar antes", "soporte+1042"):  # fmt: skip
            assert secret not in everything
        assert letter.list_id is None


# -- notices -------------------------------------------------------------------------------


def test_a_notice_begins_with_the_customers_words(writer: Writer) -> None:
    """The list of a mail client shows what the customer wrote, not what we add."""
    letter = written(writer, LetterType.AGENT_MESSAGE, SAMPLES[Notice][0])
    assert letter.text.startswith("Desde esta mañana no puedo entrar")
    assert letter.html is not None
    body = letter.html[letter.html.index("<body") :]
    assert html.unescape(re.sub(r"<[^>]*>", "", body)).strip().startswith("Desde esta mañana")


def test_a_note_stays_below_the_marker(writer: Writer) -> None:
    """Above the marker stand only the customer's own words, never what is internal."""
    note = replace(ASKED, kind="note", text="Pendiente de pago", who=Person("Ana Ruiz"))
    letter = written(writer, LetterType.AGENT_MESSAGE, Notice(TICKET, note))
    assert letter.text.index(MARKER) < letter.text.index("Pendiente de pago")
    assert letter.html is not None
    assert letter.html.index(MARKER) < letter.html.index("Pendiente de pago")


@pytest.mark.parametrize(
    "type", [LetterType.ASSIGNED, LetterType.ESCALATION, LetterType.RETURNED]
)
def test_the_reason_for_a_handover_is_internal(writer: Writer, type: LetterType) -> None:
    """Who hands a ticket over and why stands below the marker."""
    letter = written(writer, type, SAMPLES[Notice][0])
    for part in (letter.text, letter.html or ""):
        assert part.index(MARKER) < part.index("Hace falta permiso")


def test_a_notice_says_what_an_agent_must_know(writer: Writer) -> None:
    """Customer, priority, level, state, channel, due time with what is left, who has it."""
    letter = written(writer, LetterType.AGENT_NEW, SAMPLES[Notice][0])
    for fact in (
        "Luis Pérez <luis@cliente.test>",
        "Prioridad alta · Nivel 1 · Estado abierta · Canal correo",
        "Primera respuesta: hoy, 11:00 (quedan 1 h 40 min)",
        "Solución: mañana, 15:20 (quedan 1 d 4 h lab.)",
        "Asignada a: Ana Ruiz",
        "captura.png (84 KB)",
        "#copia nuevo@otro.test",
        "! Quien escribe no participa",
    ):
        assert fact in letter.text


def test_at_most_two_earlier_messages_are_shown(writer: Writer) -> None:
    """A notice is no archive."""
    many = tuple(replace(ASKED, text=f"Mensaje número {n}") for n in range(5))
    letter = written(writer, LetterType.AGENT_MESSAGE, Notice(TICKET, ASKED, previous=many))
    assert [f"número {n}" in letter.text for n in range(5)] == [True, True, False, False, False]


def test_a_huge_mail_makes_a_letter_of_bearable_size(writer: Writer) -> None:
    """A pasted log is cut after a line, and the notice says so; Gmail clips at 102 KB."""
    log = replace(ASKED, text="2026-11-02 error: no route\n" * 100_000)
    letter = written(writer, LetterType.AGENT_NEW, Notice(TICKET, log, previous=(log, log)))
    assert "no route\n[…]\n" in letter.text
    assert len(letter.text) < 60_000
    assert len(letter.html or "") < 100_000


@pytest.mark.parametrize(
    ("language", "commands"),
    [
        ("es", ["#tomar", "#resuelto", "#esperar", "#escalar", "#nota"]),
        ("en", ["#take", "#resolve", "#pending", "#escalate", "#note"]),
    ],
)
def test_one_click_sends_a_command(writer: Writer, language: str, commands: list[str]) -> None:
    """Each action is a mail to the signed address with its command in the body."""
    letter = written(writer, LetterType.AGENT_NEW, SAMPLES[Notice][0], language)
    links = [
        html.unescape(link) for link in re.findall('href="(mailto:[^"]*)"', letter.html or "")
    ]
    assert [unquote(link.partition("body=")[2]).strip() for link in links] == commands
    assert all(
        link.startswith(f"mailto:{POST.reply_to and POST.reply_to.email}?") for link in links
    )
    assert all(link in letter.text for link in links)
    assert all("subject=%5BACME%20%231042%5D%20No" in link for link in links)


def test_agents_get_one_subject_for_the_tickets_life(writer: Writer) -> None:
    """Mail clients group a ticket's notices because their subjects are the same."""
    types = [t for t, needed in NEEDS.items() if needed is Notice]
    subjects = {written(writer, t, SAMPLES[Notice][0]).subject for t in types}
    assert subjects == {"[ACME #1042] No puedo acceder al sistema de ventas"}


def test_a_token_stands_in_the_subject_of_agents_only(writer: Writer) -> None:
    """Where no address can carry the token, agents' subjects do, right after the tag."""
    post = replace(POST, subject_token="[~abc]")
    notice = written(writer, LetterType.AGENT_NEW, SAMPLES[Notice][0], "es", post)
    reply = written(writer, LetterType.REPLY, SAMPLES[Answer][0], "es", post)
    assert notice.subject.startswith("[ACME #1042] [~abc] No puedo")
    assert "abc" not in reply.subject


# -- customers -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_plain_acknowledgement_repeats_nothing(writer: Writer, language: str) -> None:
    """Without proof of the sender neither subject, name nor text comes back (mail bombs)."""
    ticket = replace(TICKET, subject="COMPRE AHORA", requester=Person("COMPRE", "v@x.test"))
    facts = Acknowledgement(ticket, plain=True, also=(1043,))
    letter = written(writer, LetterType.ACKNOWLEDGEMENT, facts, language)
    assert "COMPRE" not in f"{letter.subject}{letter.text}{letter.html}"
    assert "1043" in letter.text
    assert "1043" in (letter.html or "")


def test_an_acknowledgement_promises_a_time(writer: Writer) -> None:
    """It names the number, until when an answer comes, and what may help meanwhile."""
    letter = written(writer, LetterType.ACKNOWLEDGEMENT, SAMPLES[Acknowledgement][0])
    assert letter.subject == (
        "[ACME #1042] Solicitud recibida: No puedo acceder al sistema de ventas"
    )
    for promise in ("1042", "lun 2 nov 2026, 11:00", "de 9:00 a 18:00", "RESUELTO",
                    "Restablecer la contraseña: https://help.acme.test/kb/a"):  # fmt: skip
        assert promise in letter.text


def test_a_reply_is_the_answer_first(writer: Writer) -> None:
    """The agent's words, then who signs, then what was asked, then the footer."""
    text = written(writer, LetterType.REPLY, SAMPLES[Answer][0]).text
    parts = ("La cuenta ya está", "Ana Ruiz", "> Desde esta mañana", "Solicitud 1042")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert text.startswith("La cuenta ya está desbloqueada.")


def test_a_survey_is_one_click_or_one_digit(writer: Writer) -> None:
    """Five links where there are pages; else the digit is asked for by mail."""
    linked, mailed, without = (
        written(writer, LetterType.RESOLVED, facts) for facts in SAMPLES[Resolution]
    )
    for n in range(1, 6):
        assert f'href="https://help.acme.test/s/sample?v={n}"' in (linked.html or "")
        assert f"https://help.acme.test/s/sample?v={n}" in linked.text
    assert "Basta con responder solo con el número." in mailed.text
    assert "/s/" not in (mailed.html or "")
    assert "muy bien" not in f"{without.text}{without.html}"


@pytest.mark.parametrize("type", NEEDS)
def test_auto_submitted_is_as_promised(writer: Writer, type: LetterType) -> None:
    """RFC 3834: what no person wrote says so (CONTRACT section 4)."""
    replied = {"acknowledgement", "answer", "command-error", "confirm", "link"}
    first, *_ = SAMPLES[NEEDS[type]]
    if type in ("reply", "resolved"):
        expected = None
    else:
        expected = "auto-replied" if type.value in replied else "auto-generated"
    letter = written(writer, type, first)
    assert letter.auto_submitted == expected
    suppress = dict(letter.headers)["X-Auto-Response-Suppress"]
    assert suppress == ("OOF, AutoReply" if expected is None else "OOF, AutoReply, DR, RN, NRN")


def test_a_resolved_letter_without_words_is_automatic(writer: Writer) -> None:
    """Only an agent's text makes it a person's letter."""
    letter = written(writer, LetterType.RESOLVED, SAMPLES[Resolution][1])
    assert letter.auto_submitted == "auto-generated"


def test_an_answer_to_a_customer_shows_no_marker(writer: Writer) -> None:
    """`status` and `kb` are asked by customers too."""
    facts = Information("Solicitudes", ("Ninguna.",), internal=False)
    letter = written(writer, LetterType.ANSWER, facts)
    assert "##" not in letter.text
    assert letter.list_id is None
    assert letter.subject == "[ACME] Solicitudes"


def test_the_logo_travels_with_customers_letters(environment: Environment) -> None:
    """As a picture of the letter, with the desk's name for those who see none."""
    logo = Picture("logo@maild", "logo.png", "image/png", b"png")
    writer = Writer(environment, replace(DESK, logo=logo), new_id=lambda t: "<x@y>")
    reply = written(writer, LetterType.REPLY, SAMPLES[Answer][0])
    notice = written(writer, LetterType.AGENT_NEW, SAMPLES[Notice][0])
    assert reply.pictures == (logo,)
    assert '<img class="logo"' in (reply.html or "")
    assert 'alt="Soporte ACME"' in (reply.html or "")
    assert notice.pictures == ()
    assert "<img" not in (notice.html or "")


def test_an_unknown_language_is_written_in_the_desks(environment: Environment) -> None:
    """A customer of a language without templates gets a letter all the same."""
    writer = Writer(environment, DESK, new_id=lambda t: "<x@y>", language="en")
    letter = written(writer, LetterType.REPLY, SAMPLES[Answer][0], "fr")
    assert letter.language == "en"


def test_facts_of_another_letter_are_refused(writer: Writer) -> None:
    """A mistake of ours fails where it is made."""
    with pytest.raises(TypeError, match="reply needs Answer"):
        written(writer, LetterType.REPLY, SAMPLES[Acknowledgement][0])


# -- hostile words ---------------------------------------------------------------------------

HOSTILE = (
    "{{7*7}} {{ ticket.__class__.__mro__ }} {% for x in range(9) %}x{% endfor %} {# gone #} "
    '<b>bold</b><img src="http://evil.test/p.png"><style>*{display:none}</style>'
    '<script>alert(1)</script> style="color:red" class="card" ${7*7} DESK-COLOR '
    '<div data-maild-cut> \u202egnp.exe </td></table> " onmouseover="x'
)


@pytest.fixture
def hostile() -> TicketFacts:
    return replace(
        TICKET,
        subject=HOSTILE,
        requester=Person(HOSTILE, '"><img src=x>@evil.test'),
        tags=(HOSTILE,),
        readers=(HOSTILE,),
    )


@pytest.mark.parametrize("type", [t for t in NEEDS if "ticket" in NEEDS[t].__slots__])
def test_customers_words_are_only_words(
    writer: Writer, type: LetterType, hostile: TicketFacts
) -> None:
    """Templates, HTML and CSS in subject, name, text and file names arrive as inert text."""
    facts = changed(SAMPLES[NEEDS[type]][0], ticket=hostile)
    said = MessageFacts(Person(HOSTILE), NOW, HOSTILE, files=(Attached(HOSTILE, 1),))
    names = {"message": said, "last": said, "previous": (said,), "text": HOSTILE,
             "comment": HOSTILE, "reason": HOSTILE, "subject": HOSTILE, "pre": HOSTILE,
             "lines": (HOSTILE,), "rows": ((HOSTILE,),), "commands": (HOSTILE,)}  # fmt: skip
    known = {k: v for k, v in names.items() if k in NEEDS[type].__slots__}
    letter = written(writer, type, changed(facts, **known))
    plain = written(writer, type, SAMPLES[NEEDS[type]][0])
    page = letter.html or ""
    assert "{{7*7}}" in letter.text + html.unescape(page) or type in ("closed", "reopened")
    assert "49" not in re.sub(r"[#;]\w+", "", shown(page))
    assert re.findall(r"<(?!/|!)(\w+)", page).count("img") == 0
    assert set(re.findall(r"<(\w+)", page)) <= set(re.findall(r"<(\w+)", plain.html or ""))
    assert page.count("<style>") == 1
    assert "evil.test" not in "".join(re.findall(r'(?:src|href)="(?!mailto)([^"]*)"', page))
    assert re.search(r"<[^>]*onmouseover", page) is None
    assert page.count("data-maild-cut=") == (plain.html or "").count("data-maild-cut=")


@pytest.mark.parametrize(
    "evil", ["\r\nBcc: x@evil.test", "\n", "\x00", "\u2028", "\x85", "\x1b[2J", "\u202e"]
)
def test_a_subject_is_one_clean_line(writer: Writer, evil: str) -> None:
    """Whatever breaks lines or turns text around is a blank in a subject."""
    facts = changed(SAMPLES[Notice][0], ticket=replace(TICKET, subject=f"Hola{evil}adiós"))
    subject = written(writer, LetterType.AGENT_NEW, facts).subject
    assert subject.isprintable()
    assert subject.startswith("[ACME #1042] Hola ")
    assert subject.endswith("adiós")


def test_a_subject_has_an_end(writer: Writer) -> None:
    """A novel in the subject line becomes its first words."""
    facts = changed(SAMPLES[Notice][0], ticket=replace(TICKET, subject="palabra " * 500))
    assert len(written(writer, LetterType.AGENT_NEW, facts).subject) <= 250


def test_a_mailto_link_is_understood_everywhere() -> None:
    """RFC 6068: CRLF as %0D%0A, blanks as %20 (never +), `#` as %23, UTF-8 for the rest."""
    link = mailto("a+b@x.test", "[ACME #7] ¿Qué & por qué?", "#nota\nSí\n")
    assert link == (
        "mailto:a+b@x.test?subject=%5BACME%20%237%5D%20%C2%BFQu%C3%A9%20%26%20por%20qu%C3%A9%3F"
        "&body=%23nota%0D%0AS%C3%AD%0D%0A"
    )


def test_addresses_in_letters_are_what_the_caller_says(writer: Writer) -> None:
    """To, Cc, ids and references pass through; the rest is filled in."""
    post = replace(
        POST, to=(), cc=(Address("", "b@x.test"),), message_id="<mine@acme.test>",
        in_reply_to="<a@x>", references=("<a@x>",),
    )  # fmt: skip
    letter = written(writer, LetterType.REPLY, SAMPLES[Answer][0], "es", post)
    assert letter.to == (Address("", "ana@acme.test"),)
    assert (letter.cc, letter.message_id) == (post.cc, "<mine@acme.test>")
    assert (letter.in_reply_to, letter.references) == ("<a@x>", ("<a@x>",))
    assert letter.ticket == 1042
    fresh = written(writer, LetterType.REPLY, Answer(TICKET, ANSWERED))
    assert fresh.message_id == "<t1042.new@acme.test>"


def test_sample_letters_cover_every_type() -> None:
    """`maild check` tries all there is."""
    environment = Environment()
    assert {letter.type for letter in samples.write_samples(environment, "en")} == set(NEEDS)


def test_a_desk_without_pages_links_nowhere(environment: Environment) -> None:
    """Without a portal there is no http link in a reply."""
    desk = Desk("Soporte", "ACME", "soporte@acme.test", DESK.timezone)
    writer = Writer(environment, desk, new_id=lambda t: "<x@y>")
    facts = Answer(replace(TICKET, link=""), ANSWERED)
    letter = written(writer, LetterType.REPLY, facts)
    assert "http" not in letter.text
    assert "href=" not in (letter.html or "")


def test_a_late_clock_says_by_how_much(writer: Writer) -> None:
    """A breach names clock, time, delay and who waits."""
    text = written(writer, LetterType.SLA_BREACH, SAMPLES[Notice][0]).text
    assert text.startswith("Siguiente respuesta: venció hoy, 08:45, hace 35 min.")
    assert "Luis Pérez sigue esperando" in text


def test_a_suggestion_without_a_page_is_named(writer: Writer) -> None:
    """Articles can be named where nothing can be linked."""
    facts = Acknowledgement(TICKET, suggestions=(Link("Elegir contraseña"),))
    text = written(writer, LetterType.ACKNOWLEDGEMENT, facts, "en").text
    assert "  1. Elegir contraseña\n" in text
