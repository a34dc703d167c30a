"""The report's letter as a page for a browser, its pictures beside it."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


def write_page(folder: Path) -> Path:
    """`report.html` from `report.eml`; its pictures lie there as files already."""
    letter = message_from_bytes((folder / "report.eml").read_bytes(), policy=policy.default)
    assert isinstance(letter, EmailMessage)
    body = letter.get_body(("html",))
    assert isinstance(body, EmailMessage)
    html = str(body.get_content())
    for part in letter.walk():
        cid, name = str(part["Content-ID"] or "").strip("<>"), part.get_filename()
        if cid and name:
            html = html.replace(f"cid:{cid}", name)
    page = folder / "report.html"
    page.write_text(html, "utf-8")
    return page
