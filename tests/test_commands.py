"""What agents and customers may write at the top of a mail."""

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.arguments import _READERS
from maild.desk.commands import (
    MAX_COMMANDS,
    CustomerWish,
    Wish,
    explain,
    read,
    read_customer,
)
from maild.desk.vocabulary import (
    COMMANDS,
    FAULTS,
    Kind,
    Takes,
    help_text,
    markdown_table,
)
from maild.model.ticket import Priority
from maild.rules.folding import fold

#: The table of CONTRACT section 3: Spanish word -> command.
CONTRACT = {
    "tomar": "take", "asignar": "assign", "liberar": "unassign",
    "resuelto": "resolve", "resolver": "resolve", "cerrar": "close", "reabrir": "reopen",
    "esperar": "pending", "pausar": "hold", "abrir": "open",
    "escalar": "escalate", "devolver": "return", "nota": "note", "enviar": "send",
    "prioridad": "priority", "departamento": "department", "etiqueta": "tag",
    "copia": "cc", "sincopia": "uncc",
    "unir": "merge", "separar": "split", "enlazar": "link",
    "cliente": "customer", "canal": "channel", "respuesta": "reply", "deshacer": "undo",
    "porque": "why", "ver": "show", "cola": "queue", "mias": "mine",
    "buscar": "search", "informe": "report", "ayuda": "help",
}  # fmt: skip
ENGLISH = (
    "take assign unassign resolve close reopen pending hold open escalate return note send "
    "priority department tag untag cc uncc merge split link customer channel reply kb spam "
    "undo why sla show queue mine search report help"
).split()

#: Something good to stand behind each kind of command.
GOOD = {
    Takes.NAME: "ana",
    Takes.WORDS: "vpn red",
    Takes.PRIORITY: "alta",
    Takes.NUMBER: "1042",
    Takes.ADDRESS: "luis@x.test",
    Takes.ADDRESSES: "luis@x.test, b@x.test",
    Takes.CHANNEL: "phone",
    Takes.FILE: "vpn",
    Takes.REPORT: "semanal",
}


def words_of(text: str) -> list[str]:
    orders = read(text)
    assert not orders.faults, orders.faults
    return [command.word for command in orders.commands]


def only(text: str):
    """The one command of this mail."""
    (command,) = read(text).commands
    return command


def fault(text: str):
    orders = read(text)
    assert not orders.commands
    return orders.faults[0]


def test_every_word_of_the_contract_is_there():
    """English and Spanish words lead to the same command, and no word to two."""
    known = {alias: word.name for word in COMMANDS for alias in (word.name, *word.aliases)}
    assert set(ENGLISH) == {word.name for word in COMMANDS}
    assert known.items() >= CONTRACT.items()
    assert len(known) == sum(1 + len(word.aliases) for word in COMMANDS)


@pytest.mark.parametrize("word", COMMANDS, ids=lambda word: word.name)
@pytest.mark.parametrize("write", [str.lower, str.upper, str.title])
def test_each_command_is_read_by_all_its_names(word, write):
    """Upper or lower case, English or Spanish, with or without a blank after #."""
    behind = GOOD.get(word.takes, "")
    for name in (word.name, *word.aliases):
        for start in ("#", "# ", "#\u00a0"):
            assert only(f"{start}{write(name)} {behind}").word == word.name


@pytest.mark.parametrize("word", [w for w in COMMANDS if w.takes in GOOD], ids=lambda w: w.name)
def test_a_missing_argument_is_a_fault(word):
    """A command that needs something behind it says what."""
    found = fault(f"#{word.name}")
    assert found.reason == "missing"
    assert word.form in explain(found, "en")


@pytest.mark.parametrize(
    "word", [w for w in COMMANDS if w.takes is Takes.NOTHING], ids=lambda w: w.name
)
def test_text_on_the_line_of_a_bare_command_is_a_fault(word):
    """Nobody guesses whether it was meant for the customer."""
    assert fault(f"#{word.name} ya está").reason == "no-argument"
    assert only(f"#{word.name}.").word == word.name


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("#RESOLVE", "resolve"),
        ("#Resuelto.", "resolve"),
        ("# resuelto", "resolve"),
        ("#mías", "mine"),
        ("#MI\u0301AS", "mine"),
        ("#porqué", "why"),
        ("#por qué", "why"),
        ("#¿por qué?".replace("¿", ""), "why"),
        ("#re-open", "reopen"),
        ("• #take", "take"),
        ("- #take", "take"),
        ("* #take", "take"),
        ("**#take**", "take"),
        ("`#take`", "take"),
        ("“#take”", "take"),
        ("«#take»", "take"),
        ("\\#take", "take"),
        ("&nbsp;#take&nbsp;", "take"),
        ("\u200b#\u200btake\u200d", "take"),
        ("\ufeff#take", "take"),
        ("#ta\u00adke", "take"),
        ("＃take", "take"),
        ("\u00a0\t #\u2003take", "take"),
    ],
)
def test_what_mail_clients_do_to_a_line_does_not_matter(written, word):
    """Bullets, emphasis, smart quotes, blanks of all widths and full-width signs."""
    assert only(written).word == word


@pytest.mark.parametrize(
    "text",
    ["#1042", "# 1042 sigue igual", "#2fa no va", "#", "##", "## Título", "# \n#take",
     "> #resolve", "| #resolve", "Hola #resolve", "Hola\n#resolve", "a#resolve", ""],
)  # fmt: skip
def test_what_is_no_command_is_text(text):
    """Numbers, quoted lines and what stands behind the first word of text."""
    assert read(text) == read(text).__class__((), text.strip(), ())


def test_commands_come_first_and_text_follows():
    """Blank lines between commands are allowed; the text keeps its own blank lines."""
    orders = read(
        "\n#tomar\n\n\n#prioridad alta\n\nHola, Luis:\n\nYa puede entrar.\n#resolve\n"
    )
    assert [command.word for command in orders.commands] == ["take", "priority"]
    assert orders.text == "Hola, Luis:\n\nYa puede entrar.\n#resolve"
    assert not orders.state_only


def test_a_mail_of_commands_alone_is_state_only():
    """Commands and questions without text; but not a note, and not a mail without orders."""
    assert read("#tomar\n#resolve\n").state_only
    assert read("#queue").state_only
    assert not read("#take\nHola").state_only
    assert not read("#note").state_only
    assert not read("Hola").state_only
    assert not read("").state_only


@pytest.mark.parametrize("name", ["note", "nota", "send", "enviar"])
def test_note_and_send_take_all_that_follows(name):
    """From the same line on, whatever looks like a command in it."""
    orders = read(f"#take\n#{name}: mirar el registro\n\n#resolve\nfin\n")
    assert [command.word for command in orders.commands] == [
        "take",
        {"nota": "note", "enviar": "send"}.get(name, name),
    ]
    assert orders.commands[1].argument == "mirar el registro\n\n#resolve\nfin"
    assert orders.text == ""


def test_a_note_may_begin_on_the_next_line_or_be_empty():
    """A prepared `#note` line is filled in below it."""
    assert only("#note\n\n  hola\n").argument == "hola"
    assert only("#note").argument == ""


@pytest.mark.parametrize(
    ("written", "priority"),
    [("low", "low"), ("normal", "normal"), ("HIGH", "high"), ("Urgent!", "urgent"),
     ("baja", "low"), ("Alta.", "high"), ("URGENTE", "urgent"), (": alta", "high")],
)  # fmt: skip
def test_priorities_in_both_languages(written, priority):
    """Spanish values become the contract's English ones."""
    assert only(f"#prioridad {written}").args == (Priority(priority),)


@pytest.mark.parametrize(
    ("written", "args", "argument"),
    [
        ("", (), ""),
        ("2", ("2",), "2"),
        ("3 no tengo permisos", ("3",), "3 no tengo permisos"),
        ("nivel 2: ver logs", ("2",), "2 ver logs"),
        ("no tengo permisos", (), "no tengo permisos"),
        ("2fa roto", (), "2fa roto"),
    ],
)
def test_escalate_takes_a_level_and_a_reason(written, args, argument):
    """Both may be left out; a word that begins with a digit is part of the reason."""
    command = only(f"#escalar {written}")
    assert (command.args, command.argument) == (args, argument)


@pytest.mark.parametrize("written", ["0", "000", "123"])
def test_a_level_that_can_not_be(written):
    """Levels count from 1."""
    assert fault(f"#escalate {written}").reason == "bad-level"


@pytest.mark.parametrize(
    "written",
    ["1042", "#1042", "# 1042", "[ACME #1042]", "[ACME2 #1042]", "nº 1042", "ticket #1042"],
)
@pytest.mark.parametrize("word", ["merge", "link", "show"])
def test_a_ticket_is_named_with_or_without_its_tag(word, written):
    """Numbers as people copy them."""
    assert only(f"#{word} {written}").args == ("1042",)


@pytest.mark.parametrize("written", ["abc5", "1042 y 1043", "-3", "0", "1e3", "ACME", "9" * 13])
def test_a_ticket_number_that_can_not_be(written):
    """Nothing is merged by guess."""
    assert fault(f"#merge {written}").reason == "bad-number"


@pytest.mark.parametrize(
    ("written", "args"),
    [
        ("a@x.test", ("a@x.test",)),
        ("a@x.test b@x.test", ("a@x.test", "b@x.test")),
        ("a@x.test, b@x.test; c@x.test", ("a@x.test", "b@x.test", "c@x.test")),
        ("Ana Ruiz <a@x.test>", ("a@x.test",)),
        ("a@x.test <mailto:a@x.test>", ("a@x.test",)),
        ("[a@x.test](mailto:a@x.test)", ("a@x.test",)),
        ("a@x.test A@X.test", ("a@x.test",)),
    ],
)
def test_addresses_as_people_and_clients_write_them(written, args):
    """Bare, with a name, as a link; each once."""
    assert only(f"#copia {written}").args == args
    assert only(f"#sincopia {written}").args == args


@pytest.mark.parametrize("written", ["ana", "a@", "@x.test", "a@x@y", "a@x.test ana"])
def test_an_address_that_can_not_be(written):
    """A name alone is no address."""
    assert fault(f"#cc {written}").reason == "bad-address"


def test_a_customer_is_one_address():
    """On behalf of one person."""
    assert only("#cliente Ana <ana@x.test>").args == ("ana@x.test",)
    assert fault("#customer a@x.test b@x.test").reason == "one-address"


def test_leaving_needs_no_address_and_showing_no_number():
    """`#uncc` and `#show` may stand alone."""
    assert only("#uncc").args == ()
    assert only("#ver").args == ()


@pytest.mark.parametrize(
    ("written", "args"),
    [
        ("#tag vpn, #red vpn", ("vpn", "red")),
        ("#untag vpn;red", ("vpn", "red")),
        ("#canal Teléfono", ("phone",)),
        ("#channel WhatsApp", ("whatsapp",)),
        ("#asignar Ana Ruiz", ("Ana Ruiz",)),
        ("#departamento Soporte técnico", ("Soporte técnico",)),
        ("#reply alta-vpn.txt", ("alta-vpn",)),
        ("#report semanal", ("semanal",)),
        ("#informe semanal last week", ("semanal", "last week")),
        ("#buscar impresora planta 2", ("impresora", "planta", "2")),
        ("#return falta probarlo", ("falta", "probarlo")),
    ],
)
def test_other_arguments(written, args):
    """Names may have blanks, tags are split, values have their plain form."""
    assert only(written).args == args


@pytest.mark.parametrize("written", ["../secreto", "/etc/passwd", "a.b", "..", "x" * 200])
def test_a_saved_answer_is_no_path(written):
    """Its name can't leave the folder of answers."""
    assert fault(f"#reply {written}").reason == "bad-name"


@pytest.mark.parametrize(
    ("written", "nearest"),
    [("#resolv", "resolve"), ("#tomer", "tomar"), ("#priorida alta", "prioridad"),
     ("#escalr", "escalar"), ("#ntoa secreto", "nota"), ("#xyzzy", "")],
)  # fmt: skip
def test_an_unknown_word_names_the_nearest_command(written, nearest):
    """In the agent's language, or says only that there is none."""
    found = fault(written)
    assert (found.reason, found.nearest) == ("unknown", nearest)
    assert found.word in explain(found, "es")
    assert (f"«#{nearest}»" in explain(found, "es")) == bool(nearest)


def test_a_fault_does_not_hide_the_others():
    """The agent is told of every bad line at once."""
    orders = read("#tomar\n#resolv\n#prioridad muy\n#merge x\n\nHola")
    assert [command.word for command in orders.commands] == ["take"]
    assert [f.reason for f in orders.faults] == ["unknown", "bad-priority", "bad-number"]
    assert orders.text == "Hola"


def test_there_is_an_end_to_commands():
    """A mail of thousands of commands is refused, and so is an endless line."""
    orders = read("#take\n" * 5_000)
    assert len(orders.commands) == MAX_COMMANDS
    assert orders.faults[-1].reason == "too-many"
    assert fault("#tag " + "x" * 100_000).reason == "too-long"


def test_faults_are_told_in_both_languages():
    """Every sentence exists twice and fills the same gaps."""
    assert FAULTS["en"].keys() == FAULTS["es"].keys()
    for reason, sentence in FAULTS["en"].items():
        gaps = [set(re.findall(r"{\w+}", s)) for s in (sentence, FAULTS["es"][reason])]
        assert gaps[0] == gaps[1]


def test_braces_in_a_mail_are_only_text():
    """What the agent wrote is filled in, never read as a format."""
    assert "{0.__class__}" in explain(fault("#merge {0.__class__}"), "en")


def test_every_kind_of_argument_has_a_reader():
    """No command of the table can fail for want of one."""
    assert set(_READERS) | {Takes.TEXT} == set(Takes)
    assert {word.kind for word in COMMANDS} == set(Kind)


@pytest.mark.parametrize("language", ["es", "en"])
def test_help_names_every_word(language):
    """`#help` and the manual come from the same table."""
    text, table = help_text(language), markdown_table(language)
    for word in COMMANDS:
        for name in (word.name, *word.aliases):
            assert f"#{name}" in text
            assert f"`#{name}" in table
    assert len(table.splitlines()) == len(COMMANDS) + 2


@given(st.text(alphabet=st.sampled_from(string.printable + "ñé#＃\u200b>•"), max_size=300))
def test_no_text_breaks_the_grammar(text):
    """Whatever is written: an answer, and no word of a mail without commands is lost."""
    orders = read(text)
    for found in orders.faults:
        assert explain(found, "es")
        assert explain(found, "en")
    written, kept = (
        "".join(each.split()).replace("\u200b", "") for each in (text, orders.text)
    )
    assert written.endswith(kept)
    assert orders.commands or orders.faults or written == kept


@given(st.sampled_from(COMMANDS), st.text(max_size=80))
def test_no_argument_breaks_a_command(word, argument):
    """Whatever stands behind a command's word, it is a command or a fault."""
    orders = read(f"#{word.name} {argument}")
    assert len(orders.commands) + len(orders.faults) >= 1


@given(st.text(max_size=20))
def test_folded_priorities_only(text):
    """A priority is one of four, or a fault."""
    orders = read(f"#priority x{text}")
    assert not orders.commands or orders.commands[0].args[0] in set(Priority)


# -- customers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "text", "wish"),
    [
        ("status", "", CustomerWish(Wish.STATUS)),
        ("Estado", "Hola", CustomerWish(Wish.STATUS, comment="Hola")),
        ("Mi impresora", "ESTADO\n\nLuis", CustomerWish(Wish.STATUS, comment="Luis")),
        ("kb vpn casa", "", CustomerWish(Wish.KB, words="vpn casa")),
        ("x", "\n\nKB  contraseña mal\n", CustomerWish(Wish.KB, words="contraseña mal")),
        ("Re: x", "SOLVED", CustomerWish(Wish.SOLVED)),
        ("Re: x", "Resuelto.\n\nMil gracias", CustomerWish(Wish.SOLVED, comment="Mil gracias")),
        ("Re: x", "5", CustomerWish(Wish.RATING, score=5)),
        ("Re: x", "\u200b 1 \nMal", CustomerWish(Wish.RATING, score=1, comment="Mal")),
        ("Re: x", "５", CustomerWish(Wish.RATING, score=5)),
        ("Re: x", "#uncc", CustomerWish(Wish.UNCC)),
        ("Re: x", "# SinCopia", CustomerWish(Wish.UNCC)),
    ],
)  # fmt: skip
def test_what_a_customer_may_ask_in_a_word(subject, text, wish):
    """In the first line, and for `status` and `kb` in the subject as well."""
    assert read_customer(subject, text) == wish


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Hola", "No puedo entrar"),
        ("Re: status", "Hola"),
        ("resuelto", "Hola"),
        ("5", "Hola"),
        ("Hola", "5 gracias"),
        ("Hola", "0"),
        ("Hola", "6"),
        ("Hola", "55"),
        ("Hola", "4.5"),
        ("Hola", "resuelto no está"),
        ("Hola", "el estado"),
        ("kb", "kb"),
        ("Hola", "kbps muy bajos"),
        ("Hola", "> SOLVED"),
        ("", ""),
    ],
)
def test_ordinary_customers_mail_asks_for_nothing(subject, text):
    """A word inside a sentence, a quoted line and another number are just text."""
    assert read_customer(subject, text) is None


@given(st.text(max_size=60), st.text(max_size=200))
def test_no_customers_mail_breaks_the_grammar(subject, text):
    """Whatever is written: a wish or none, and a score only from 1 to 5."""
    wish = read_customer(subject, text)
    assert wish is None or (wish.kind is Wish.RATING) == (wish.score in (1, 2, 3, 4, 5))


def test_folding_of_command_words_is_the_rules_folding():
    """One idea of what counts in a word."""
    assert fold("Mías") == "mias"


@pytest.mark.parametrize(("page", "language"), [("agents.md", "en"), ("agentes.md", "es")])
def test_the_agents_page_lists_every_command(page: str, language: str) -> None:
    """The table in docs is the one the grammar reads."""
    text = (Path(__file__).parent.parent / "docs" / page).read_text("utf-8")
    assert markdown_table(language).strip() in text
