"""Tell a mail that only says thanks, so that it does not reopen a ticket."""


def only_thanks(text: str) -> bool:
    """True only for short texts made of listed phrases of thanks (first draft)."""
    return text.strip(" .!¡").casefold() in {"gracias", "thanks"}
