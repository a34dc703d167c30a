#!/usr/bin/env python3
"""Zammad's tickets as lines for `maild import`. Needs nothing but Python.

Reads what Zammad's REST API answers, one ticket a line, each with its articles under
"articles" (docs/moving.md says how to get that), and writes CONTRACT section 5's form:

    from_zammad.py tickets.jsonl --tag ZAMMAD --department "Users=soporte" > tickets.maild

Solved states become `closed`; merged tickets become closed ones, since the API does not say
into which they went. Attachments come as names and sizes only.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Any

STATES = {
    "new": "new",
    "open": "open",
    "pending reminder": "pending",
    "pending close": "pending",
    "closed": "closed",
    "merged": "closed",
}
PRIORITIES = {"1 low": "low", "2 normal": "normal", "3 high": "high"}
CHANNELS = {"email": "email", "phone": "phone", "web": "web", "chat": "chat"}
_BREAKS = {"br", "p", "div", "li", "tr", "blockquote", "h1", "h2", "h3"}


class _Text(HTMLParser):
    """What a reader sees of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def text_of(article: Mapping[str, Any]) -> str:
    """An article's words as plain text."""
    body = str(article.get("body") or "")
    if article.get("content_type") != "text/html":
        return body
    reader = _Text()
    reader.feed(body)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()


def addresses(header: object) -> list[str]:
    return [address for _, address in getaddresses([str(header or "")]) if "@" in address]


def message(article: Mapping[str, Any], customer: str) -> dict[str, Any]:
    """One article. A note that is not internal is still a note: it never left as mail."""
    sender = str(article.get("sender") or "Customer")
    named = getaddresses([str(article.get("from") or "")])
    name, email = next(((n, a) for n, a in named if "@" in a), ("", ""))
    internal = bool(article.get("internal"))
    if sender == "Customer":
        kind, email = "customer", email or customer
    elif sender == "System":
        kind = "auto"
    else:
        kind = "note" if internal or article.get("type") == "note" else "agent"
    if sender != "Customer" and "@" in str(article.get("created_by") or ""):
        email = str(article["created_by"])
    return {
        "kind": kind,
        "from": {"name": name, "email": email or "unknown@invalid"},
        "to": addresses(article.get("to")),
        "cc": addresses(article.get("cc")),
        "subject": article.get("subject") or "",
        "message_id": article.get("message_id") or None,
        "at": article["created_at"],
        "text": text_of(article),
        "public": not internal and kind != "note",
        "attachments": [attachment(entry) for entry in article.get("attachments") or ()],
    }


def attachment(entry: Mapping[str, Any]) -> dict[str, Any]:
    about = entry.get("preferences") or {}
    kind = about.get("Mime-Type") or about.get("Content-Type") or "application/octet-stream"
    return {
        "filename": entry.get("filename") or "",
        "content_type": str(kind).split(";")[0],
        "size": int(entry.get("size") or 0),
        "sha256": "",
        "inline": about.get("Content-Disposition") == "inline",
    }


def ticket(
    given: Mapping[str, Any],
    tag: str,
    departments: Mapping[str, str],
    agents: Mapping[str, str],
) -> dict[str, Any]:
    """One ticket with its articles."""
    status = STATES.get(str(given.get("state")), "open")
    customer = str(given.get("customer") or "unknown@invalid")
    owner = str(given.get("owner") or "-")
    articles = sorted(given.get("articles") or (), key=lambda article: article["created_at"])
    closed = (given.get("close_at") or given["updated_at"]) if status == "closed" else None
    first = str(articles[0].get("type")) if articles else ""
    return {
        "id": int(given["id"]),
        "tag": f"[{tag} #{given['id']}]",
        "external_id": f"{tag}:{given['number']}",
        "subject": given.get("title") or "",
        "status": status,
        "priority": PRIORITIES.get(str(given.get("priority")), "normal"),
        "level": 1,
        "department": departments.get(str(given.get("group")), str(given.get("group") or "")),
        "assignee": None if owner == "-" else agents.get(owner, owner),
        "requester": {"name": "", "email": customer},
        "channel": CHANNELS.get(first, "email"),
        "tags": list(given.get("tags") or ()),
        "created_at": given["created_at"],
        "updated_at": given["updated_at"],
        "resolved_at": closed,
        "closed_at": closed,
        "messages": [message(article, customer) for article in articles],
        "events": [],
    }


def pairs(given: list[str]) -> dict[str, str]:
    """`["Users=soporte"]` -> `{"Users": "soporte"}`."""
    return dict(pair.rsplit("=", 1) for pair in given)


def convert(lines: Iterator[str], options: argparse.Namespace) -> int:
    """Every line; the exit status."""
    departments, agents = pairs(options.department), pairs(options.agent)
    status = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            made = ticket(json.loads(line), options.tag, departments, agents)
        except (ValueError, KeyError, TypeError) as fault:
            print(f"line {number}: {type(fault).__name__}: {fault}", file=sys.stderr)
            status = 1
        else:
            print(json.dumps(made, ensure_ascii=False))
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=argparse.FileType(encoding="utf-8"))
    parser.add_argument("--tag", default="ZAMMAD", help="the old desk's word")
    parser.add_argument("--department", action="append", default=[], metavar="GROUP=NAME")
    parser.add_argument("--agent", action="append", default=[], metavar="LOGIN=NAME")
    options = parser.parse_args()
    return convert(options.file, options)


if __name__ == "__main__":
    sys.exit(main())
