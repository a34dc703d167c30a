"""Text in `format=flowed` (RFC 3676): its soft line breaks are joined again."""

import re

_QUOTE = re.compile(r">*")
SIGNATURE = "-- "


def unflow(text: str, *, delsp: bool = False) -> str:
    """The paragraphs as they were written; quoted lines begin with `> ` per depth.

    With `delsp` the blank that marks a soft break is not part of the text. Section 4.
    """
    done: list[str] = []
    depth, open_ = 0, False
    buffer: list[str] = []
    for line in text.split("\n"):
        marks = len(_QUOTE.match(line)[0])  # type: ignore[index]
        words = line[marks:].removeprefix(" ")
        fixed = words == SIGNATURE or not words.endswith(" ")
        if open_ and (marks != depth or words == SIGNATURE):
            done.append(_quoted("".join(buffer).rstrip(" "), depth))
            buffer = []
        depth = marks
        if not fixed and delsp:
            words = words[:-1]
        buffer.append(words)
        open_ = not fixed
        if fixed:
            done.append(_quoted("".join(buffer), depth))
            buffer = []
    if buffer:
        done.append(_quoted("".join(buffer).rstrip(" "), depth))
    return "\n".join(done)


def _quoted(line: str, depth: int) -> str:
    return f"{'>' * depth} {line}" if depth else line
