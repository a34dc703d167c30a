"""What stands behind a command's word: read, checked and put in its plain form.

A reader takes the argument as written and gives it back with its parts, or raises
`BadArgument`. Whether such an agent, level or ticket exists is for the desk to know.
"""

import re
from collections.abc import Callable

from maild.desk.vocabulary import CHANNELS, PRIORITIES, Takes
from maild.rules.folding import fold

#: The argument, and its parts.
Parts = tuple[str, tuple[str, ...]]


class BadArgument(Exception):
    """An argument that can't be: a key of `vocabulary.FAULTS`, and the part that is wrong."""

    def __init__(self, reason: str, value: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.value = value


_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]]{1,64}@[^\s@<>,;:\"()\[\]]{1,255}")
_NUMBER = re.compile(
    r"""
    \[ [^\[\]#]{0,60} \# (\d{1,12}) \]                    # [ACME #1042]
    | (?: (?:ticket|solicitud|request|n[º°o]?\.?) \s+ )?  # nº 1042
      \#? \s* (\d{1,12})                                  # #1042, 1042
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: "2", "level 2", "to level 2", "al nivel 2 porque …"; "to 2 people" is a reason
_LEVEL = re.compile(
    r"""
    (?: (?:(?:to|al|a|hasta)\s)? (?:the\s|el\s)? (?:nivel|level)\s
      | (?:to|al|a)\s (?=\d+[\s.]*$) )?
    (\d+) (?:[.,:;]|$|(?=\s)) \s*(.*)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_FILE = re.compile(r"\w[\w -]{0,79}")


def read_argument(takes: Takes, argument: str) -> Parts:
    """The argument as such a command takes it; BadArgument where it can't."""
    if not argument and takes in _NEEDED:
        raise BadArgument("missing")
    return _READERS[takes](argument)


def _nothing(argument: str) -> Parts:
    # "#take I'll do it" could be meant for the customer or not: nobody guesses.
    if argument.strip(" .,;:!?"):
        raise BadArgument("no-argument", argument)
    return "", ()


def _optional(argument: str) -> Parts:
    return argument, tuple(argument.split())


def _name(argument: str) -> Parts:
    return argument, (argument,)


def _words(argument: str) -> Parts:
    words = [word.lstrip("#") for word in re.split(r"[\s,;]+", argument)]
    found = tuple(dict.fromkeys(word for word in words if word))
    if not found:
        raise BadArgument("missing")
    return argument, found


def _priority(argument: str) -> Parts:
    value = PRIORITIES.get(fold(argument).strip(" .!"))
    if value is None:
        raise BadArgument("bad-priority", argument)
    return argument, (value,)


def _level(argument: str) -> Parts:
    """`2 needs a look` has the part "2"; without a number all of it is the reason."""
    found = _LEVEL.match(argument)
    if found is None:
        return argument, ()
    number, reason = found[1].lstrip("0"), found[2]
    if not number or len(number) > 2:
        raise BadArgument("bad-level", found[1])
    return f"{number} {reason}".strip(), (number,)


def _number(argument: str) -> Parts:
    found = _NUMBER.fullmatch(argument.rstrip(" ."))
    number = int(found[1] or found[2]) if found else 0
    if not number:
        raise BadArgument("bad-number", argument)
    return argument, (str(number),)


def _addresses(argument: str) -> Parts:
    """Addresses, bare or as `Ana Ruiz <ana@x.test>`; links that clients make are undone."""
    if "=?" in argument:  # an encoded word is no address, and what it says is not seen
        raise BadArgument("bad-address", argument)
    plain = re.sub("mailto:", " ", argument, flags=re.IGNORECASE)
    named = "<" in plain or "[" in plain  # then words beside an address are a name
    found: dict[str, str] = {}
    for part in re.split(r"[\s,;<>()\[\]\"]+", plain):
        address = part.strip(".'")
        if _ADDRESS.fullmatch(address):
            found.setdefault(address.casefold(), address)
        elif address and ("@" in address or not named):
            raise BadArgument("bad-address", part)
    if not found:
        raise BadArgument("bad-address", argument)
    return argument, tuple(found.values())


def _address(argument: str) -> Parts:
    _, found = _addresses(argument)
    if len(found) > 1:
        raise BadArgument("one-address")
    return argument, found


def _channel(argument: str) -> Parts:
    name = fold(argument).strip(" .")
    name = CHANNELS.get(name, name)
    if not _CHANNEL.fullmatch(name):
        raise BadArgument("bad-channel", argument)
    return argument, (name,)


def _file(argument: str) -> Parts:
    name = argument.removesuffix(".txt")
    if not _FILE.fullmatch(name):  # no dots and slashes: it names a file of ours
        raise BadArgument("bad-name", argument)
    return argument, (name,)


def _report(argument: str) -> Parts:
    name, *period = argument.split(maxsplit=1)
    return argument, (name, *period)


def _or_nothing(reader: Callable[[str], Parts]) -> Callable[[str], Parts]:
    return lambda argument: reader(argument) if argument else ("", ())


_READERS: dict[Takes, Callable[[str], Parts]] = {
    Takes.NOTHING: _nothing,
    Takes.NAME: _name,
    Takes.OPTIONAL: _optional,
    Takes.WORDS: _words,
    Takes.PRIORITY: _priority,
    Takes.LEVEL: _level,
    Takes.NUMBER: _number,
    Takes.MAYBE_NUMBER: _or_nothing(_number),
    Takes.ADDRESS: _address,
    Takes.ADDRESSES: _addresses,
    Takes.MAYBE_ADDRESSES: _or_nothing(_addresses),
    Takes.CHANNEL: _channel,
    Takes.FILE: _file,
    Takes.REPORT: _report,
}
_NEEDED = frozenset(
    {Takes.NAME, Takes.WORDS, Takes.PRIORITY, Takes.NUMBER, Takes.ADDRESS}
    | {Takes.ADDRESSES, Takes.CHANNEL, Takes.FILE, Takes.REPORT}
)
