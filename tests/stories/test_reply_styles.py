"""Notes stay inside, however an agent's mail program quotes the notice that shows them.

A note's words reach no customer: not in the answer, not in what follows, not on a page. Where
they would, the agent has his mail back with the reason, and nothing is sent.
"""

import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.pages import PORTAL, Visitor
from tests.stories.office import Office, Received

SECRET = "CLAVE-INTERNA"
NOTE = f"Este cliente exagera mucho {SECRET}."
ANSWER = "Hola, ya está."
LUIS = "luis@x.test"
DESK = "Soporte ACME <soporte@acme.test>"
ATTRIBUTION = {
    "es": f"El lun, 8 jun 2026 a las 9:00, {DESK} escribió:",
    "en": f"On Mon, Jun 8, 2026 at 9:00 AM {DESK} wrote:",
}
BLOCK = {
    "es": f"De: {DESK}\nEnviado: lunes, 8 de junio de 2026 9:00\nPara: Ana\nAsunto: x",
    "en": f"From: {DESK}\nSent: Monday, June 8, 2026 9:00 AM\nTo: Ana\nSubject: x",
}
PHONE = {"es": "Enviado desde mi iPhone", "en": "Sent from my iPhone"}


def bars(text: str, sign: str = "> ") -> str:
    return "\n".join(sign + line for line in text.splitlines())


def without_marker(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "Reply above" not in line)


def inline(notice: Received, language: str) -> str:
    lines = bars(notice.text).splitlines()
    return "\n".join([ATTRIBUTION[language], *lines[:2], ANSWER, *lines[2:]])


#: how it looks as text: (notice, language) -> the mail
TEXTS: dict[str, Callable[[Received, str], str]] = {
    "top": lambda n, es: f"{ANSWER}\n\n{ATTRIBUTION[es]}\n{bars(n.text)}",
    "bottom": lambda n, es: f"{ATTRIBUTION[es]}\n{bars(n.text)}\n\n{ANSWER}",
    "inline": inline,
    "outlook": lambda n, es: f"{ANSWER}\n\n{BLOCK[es]}\n\n{n.text}",
    "phone": lambda n, es: f"{ANSWER}\n\n{PHONE[es]}\n\n{ATTRIBUTION[es]}\n\n{bars(n.text)}",
    "no sign of a quotation": lambda n, es: f"{ANSWER}\n\n{without_marker(n.text)}",
    "other bars": lambda n, es: f"{ANSWER}\n\n{bars(n.text, '| ')}",
    "a note pasted by hand": lambda n, es: f"{ANSWER}\n\n{NOTE}",
    "wrapped anew": lambda n, es: f"{ANSWER}\n\n> ESTE cliente\n> exagera\n> mucho {SECRET}",
}
#: how it looks as HTML
PAGES: dict[str, Callable[[Received, str], str]] = {
    "gmail": lambda n, es: (
        f'<div dir="ltr">{ANSWER}</div><div class="gmail_quote"><div class="gmail_attr">'
        f'{ATTRIBUTION[es]}</div><blockquote class="gmail_quote">{n.html}</blockquote></div>'
    ),
    "apple": lambda n, es: (
        f'<body>{ANSWER}<div><blockquote type="cite">{ATTRIBUTION[es]}{n.html}</blockquote>'
        "</div></body>"
    ),
    "outlook page": lambda n, es: (
        f"<body><p class=MsoNormal>{ANSWER}</p><div style='border-top:solid #E1E1E1 1.0pt'>"
        f"<p>{BLOCK[es].replace(chr(10), '<br>')}</p></div>{n.html}</body>"
    ),
    "a rule and no more": lambda n, es: f"<body><p>{ANSWER}</p><hr>{n.html}</body>",
}
STYLES = {
    **{name: (style, "plain") for name, style in TEXTS.items()},
    **{name: (style, "html") for name, style in PAGES.items()},
}


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("style", STYLES)
def test_a_notes_words_reach_no_customer(tmp_path: Path, style: str, language: str) -> None:
    """The answer arrives without them, or comes back to the agent whole."""
    office = Office(tmp_path, language=language, more=PORTAL)
    notice = notice_with_note(office)
    mail = answer_to(office, notice)
    build, subtype = STYLES[style]
    mail.set_content(build(notice, language), subtype=subtype)
    office.receive(mail)
    letters = office.letters()
    told = {letter.type for letter in letters if letter.to == LUIS}
    if told:
        assert told == {"reply"}
        assert any(ANSWER in letter.text for letter in letters if letter.to == LUIS)
    else:
        (back,) = letters
        assert (back.type, back.to) == ("command-error", "ana@acme.test")
        assert ANSWER in back.text
    letters += what_follows(office)
    for letter in letters:
        assert letter.to != LUIS or SECRET not in letter.text + letter.html
    assert SECRET not in page(office, letters)


def notice_with_note(office: Office) -> Received:
    """Luis asks, Ana notes something, Luis writes again: that notice shows the note."""
    office.write(LUIS)
    first = office.letter("agent-new")
    office.answer(first, f"#nota\n{NOTE}")
    office.answer(first, "#tomar")
    office.letters()
    office.write(LUIS, "Re: [ACME #1] No puedo acceder", "Sigue igual.")
    notice = office.letter("agent-message")
    assert SECRET in notice.text
    return notice


def answer_to(office: Office, notice: Received) -> EmailMessage:
    message_id = str(notice.mail["Message-ID"])
    return office.mail(
        "ana@acme.test", f"Re: {notice.subject}", "", to=notice.reply_to,
        In_Reply_To=message_id, References=message_id,
    )  # fmt: skip


def what_follows(office: Office) -> list[Received]:
    """Luis writes once more; Ana answers in her own words, and solves it."""
    office.write(LUIS, "Re: [ACME #1] No puedo acceder", "¿Y ahora?")
    letters = office.letters()
    notice = next(letter for letter in letters if letter.to == "ana@acme.test")
    office.answer(notice, "#resuelto\nAhora sí.")
    return letters + office.letters()


def page(office: Office, letters: list[Received]) -> str:
    """The ticket's page, as the customer sees it."""
    links = [re.search(r"https://help\.acme\.test(/t/\S+)", letter.text) for letter in letters]
    (path, *_) = [found[1] for found in links if found]
    shown = Visitor(office).get(path)
    assert shown.status_code == 200
    assert "Ahora sí." in shown.text
    return shown.text


def test_what_only_notes_say_goes_out_where_it_is_meant(tmp_path: Path) -> None:
    """`#enviar` above it says so; without it, the reason names that way."""
    office = Office(tmp_path)
    notice = notice_with_note(office)
    office.answer(notice, NOTE)
    (back,) = office.letters()
    assert back.type == "command-error" and "#enviar" in back.text
    office.answer(notice, f"#enviar\n{NOTE}")
    assert ("reply", LUIS) in [(sent.type, sent.to) for sent in office.letters()]


def test_words_the_customer_knows_are_no_leak(tmp_path: Path) -> None:
    """A note that repeats what he wrote, or was told, keeps nobody from saying it."""
    office = Office(tmp_path)
    said = "El error sale siempre que pulso el botón de guardar la factura nueva."
    office.write(LUIS, "Un error", said)
    notice = office.letter("agent-new")
    office.answer(notice, f"#nota\n{said} Lo dice él; yo no lo veo.")
    office.answer(notice, f"{said} ¿También hoy?")
    assert ("reply", LUIS) in [(sent.type, sent.to) for sent in office.letters()]
    office.answer(notice, "#nota\nsí")
    office.answer(notice, "Sí, claro.")
    assert ("reply", LUIS) in [(sent.type, sent.to) for sent in office.letters()]
