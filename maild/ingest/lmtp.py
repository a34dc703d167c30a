"""LMTP (RFC 2033): an MTA hands over mail and hears about every recipient apart.

aiosmtpd's LMTP answers once after DATA, which leaves a client with two recipients waiting
for ever; the session's own DATA says one line for each.
"""

from aiosmtpd.lmtp import LMTP

from maild.ingest.smtp_session import SmtpSession


class LmtpSession(SmtpSession, LMTP):
    """The same door with another greeting and a reply per recipient."""

    greeting = "LMTP"
    lines_per_reply = True
