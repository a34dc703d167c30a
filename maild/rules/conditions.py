"""The conditions of a rule: what may stand under `when`.

Each is one function. Its signature is the schema (see `values.KINDS`), its docstring the
text of docs/rules.md. To add one, write it and list it in `CONDITIONS`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from maild.rules.reading import Passage, Reading
from maild.rules.trace import Finding
from maild.rules.values import (
    Departments,
    Globs,
    Headers,
    Keywords,
    Names,
    Patterns,
    Priorities,
    Size,
)

#: Values named in a trace; the rest is "…".
_SHOWN = 5


def subject_has(mail: Reading, words: Keywords) -> Finding:
    """One of these keywords is in the subject: whole words or phrases, where case, accents
    and the tilde of ñ do not count. `*` at the end of a word stands for any ending, none
    included: `contraseñ*` finds *contraseña*, *CONTRASENAS* and *contraseñ*."""
    return _word("subject_has", words, mail.subject)


def body_has(mail: Reading, words: Keywords) -> Finding:
    """One of these keywords is in the body."""
    return _word("body_has", words, mail.body)


def text_has(mail: Reading, words: Keywords) -> Finding:
    """One of these keywords is in the subject or in the body."""
    return _word("text_has", words, mail.subject, mail.body)


def subject_matches(mail: Reading, patterns: Patterns) -> Finding:
    """One of these regular expressions (RE2 syntax) is found in the subject. Case and accents
    do not count here either."""
    return _pattern("subject_matches", patterns, mail.subject)


def body_matches(mail: Reading, patterns: Patterns) -> Finding:
    """One of these regular expressions is found in the body; `^` and `$` are the ends of a
    line. The time one takes grows with the mail and no faster, however odd pattern and mail
    are."""
    return _pattern("body_matches", patterns, mail.body)


def from_(mail: Reading, globs: Globs) -> Finding:
    """The sender's address fits one of these globs: `*` is any text, `?` any one character."""
    return _glob("from", globs, [mail.facts.from_])


def to(mail: Reading, globs: Globs) -> Finding:
    """An address of the To line fits one of these globs."""
    return _glob("to", globs, mail.facts.to)


def cc(mail: Reading, globs: Globs) -> Finding:
    """An address of the Cc line fits one of these globs."""
    return _glob("cc", globs, mail.facts.cc)


def header(mail: Reading, headers: Headers) -> Finding:
    """Each of these headers is there and, as a whole, fits its glob (or one of them)."""
    finding = Finding(False, "header", "no_header")
    for name, globs in headers.all:
        values = [text for key, text in mail.facts.headers if key.lower() == name]
        finding = _glob("header", globs, values)
        shown = (name, *finding.values)
        reason = "header" if finding.holds else "no_header"
        finding = Finding(finding.holds, "header", reason, shown)
        if not finding.holds:
            break
    return finding


def department(mail: Reading, names: Departments) -> Finding:
    """The ticket is in one of these departments, by its address or by an earlier rule."""
    return _value("department", names, mail.draft.department)


def priority(mail: Reading, names: Priorities) -> Finding:
    """The ticket has one of these priorities by now."""
    return _value("priority", names, mail.draft.priority)


def channel(mail: Reading, names: Names) -> Finding:
    """The request came this way: `email`, `web`, `phone`, `chat`, `api`, `agent` or the channel
    of a source of your own."""
    return _value("channel", names, mail.facts.channel)


def language(mail: Reading, names: Names) -> Finding:
    """The mail is in one of these languages (`es`, `en` …)."""
    return _value("language", names, mail.facts.language)


def category(mail: Reading, names: Names) -> Finding:
    """An earlier rule, or the ticket's past, put it in one of these categories."""
    return _value("category", names, mail.draft.category or "")


def tags(mail: Reading, names: Names) -> Finding:
    """The ticket bears one of these tags by now."""
    return _value("tags", names, *mail.draft.all_tags())


def attachment(mail: Reading, globs: Globs) -> Finding:
    """The name of an attached file fits one of these globs."""
    return _glob("attachment", globs, mail.facts.attachments)


def larger_than(mail: Reading, size: Size) -> Finding:
    """The whole mail, attachments included, is larger than this: `"300kB"`, `"5MB"`."""
    holds = mail.facts.size > size
    values = (str(mail.facts.size), str(size))
    return Finding(holds, "larger_than", "larger" if holds else "not_larger", values)


def automatic(mail: Reading, wanted: bool) -> Finding:
    """A machine wrote it (`true`), or a person did (`false`)."""
    return _flag("automatic", wanted, mail.facts.automatic)


def in_hours(mail: Reading, wanted: bool) -> Finding:
    """It came within the working hours of the department's calendar (`true`), or outside."""
    return _flag("in_hours", wanted, mail.facts.in_hours)


Condition = Callable[[Reading, Any], Finding]

#: Key under `when` -> its function. `not` is the engine's: `not = { … }` turns round what
#: stands in it.
CONDITIONS: dict[str, Condition] = {
    "subject_has": subject_has,
    "body_has": body_has,
    "text_has": text_has,
    "subject_matches": subject_matches,
    "body_matches": body_matches,
    "from": from_,
    "to": to,
    "cc": cc,
    "header": header,
    "department": department,
    "priority": priority,
    "channel": channel,
    "language": language,
    "category": category,
    "tags": tags,
    "attachment": attachment,
    "larger_than": larger_than,
    "automatic": automatic,
    "in_hours": in_hours,
}

#: Conditions that a mail can only meet if one of their keywords stands in it, and where.
KEYWORD_PLACES = {
    "subject_has": ("subject",),
    "body_has": ("body",),
    "text_has": ("subject", "body"),
}

#: Conditions on what earlier rules may have changed.
STATEFUL = frozenset({"department", "priority", "category", "tags"})


def _word(condition: str, words: Keywords, *passages: Passage) -> Finding:
    for passage in passages:
        # The shorter list is walked: many words and few hits cost little, and the reverse.
        small, large = sorted((words.all, passage.hits), key=len)
        found = [(passage.hits[parts], parts) for parts in small if parts in large]
        if found:
            hit, parts = min(found)
            shown = (words.all[parts].text, passage.quote(hit), str(hit.start + 1))
            return Finding(True, condition, "word", shown, place=passage.place)
    where = "text" if len(passages) > 1 else passages[0].place
    return Finding(
        False, condition, "no_word", (_some(k.text for k in words.all.values()),), where
    )


def _pattern(condition: str, patterns: Patterns, passage: Passage) -> Finding:
    for text, compiled in patterns.all:
        found = compiled.search(passage.folded)
        if found is not None:
            before = passage.folded[: found.start()]
            line = str(before.count(b"\n") + 1)
            shown = found.group()[:80].decode("utf-8", "replace")
            return Finding(True, condition, "pattern", (text, shown, line), passage.place)
    shown = _some(text for text, _ in patterns.all)
    return Finding(False, condition, "no_pattern", (shown,), passage.place)


def _glob(condition: str, globs: Globs, values: Iterable[str]) -> Finding:
    for value in values:
        for glob in globs.all:
            if glob.matches(value):
                return Finding(True, condition, "glob", (glob.text, value[:200]))
    shown = (_some(glob.text for glob in globs.all), _some(v[:200] for v in values))
    return Finding(False, condition, "no_glob" if shown[1] else "nothing", shown)


def _value(condition: str, wanted: tuple[str, ...], *values: str) -> Finding:
    found = next((value for value in values if value.casefold() in wanted), None)
    if found is not None:
        return Finding(True, condition, "value", (found,))
    shown = (_some(wanted), _some(value for value in values if value))
    return Finding(False, condition, "other_value" if shown[1] else "no_value", shown)


def _flag(condition: str, wanted: bool, actual: bool) -> Finding:
    return Finding(wanted == actual, condition, f"{condition}_{str(actual).lower()}")


def _some(values: Iterable[str]) -> str:
    """The first few, for people to read."""
    shown = [value for value, _ in zip(values, range(_SHOWN + 1), strict=False)]
    return ", ".join(shown[:_SHOWN]) + (", …" if len(shown) > _SHOWN else "")
