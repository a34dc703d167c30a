"""What must hold in a store that fits together, one question each.

A question answers with what is wrong, its number first. Text that was erased, and history
that came from elsewhere, may lack what others must have.
"""

from typing import Final, NamedTuple

#: a message that was taken in is one of these, and nothing else (CONTRACT section 1)
OUTCOMES: Final = (
    "ticket", "reply", "command", "question", "automatic", "bounce", "dropped", "stub",
    "duplicate", "waiting", "held", "expired", "failed", "forgotten",
)  # fmt: skip
STATES: Final = ("sent", "queued", "deferred", "failed", "kept", "cancelled")
#: mail received before this instant may have lost its bytes to retention
RAW_HORIZON: Final = "raw_horizon"
#: in an intake row's `error`: its bytes were erased for somebody's sake
ERASED: Final = "erased"

#: tables whose numbers have no gaps on SQLite, and how a row of theirs is called
NUMBERED: Final = {"intake": "in{0}", "letter": "out{0}"}


class Check(NamedTuple):
    """`where` and `what` are filled with the columns of the answers."""

    where: str
    what: str
    sql: str
    postgres: str = ""  #: where it has to be asked differently there

    def on(self, postgres: bool) -> str:
        return self.postgres or self.sql if postgres else self.sql


def _gone(table: str, value: str, key: str = "id") -> str:
    return f"NOT EXISTS (SELECT 1 FROM {table} x WHERE x.{key} = {value})"


_BECAME_MESSAGE = "('ticket', 'reply', 'stub')"
_INTAKE: Final = (
    Check(
        "in{0}",
        "stands under no heading (state {1}, outcome {2})",
        "SELECT id, state, outcome FROM intake WHERE state NOT IN "
        "('new', 'held', 'failed', 'done') OR (state = 'done') <> (outcome IS NOT NULL) "
        f"OR outcome NOT IN {OUTCOMES}",
    ),
    Check(
        "in{0}",
        "became a {1}, but names no ticket or message",
        "SELECT id, outcome FROM intake WHERE state = 'done' "
        f"AND outcome IN {_BECAME_MESSAGE} AND (ticket IS NULL OR message IS NULL)",
    ),
    Check(
        "in{0}",
        "names ticket {1}, which does not exist",
        "SELECT i.id, i.ticket FROM intake i WHERE i.ticket IS NOT NULL "
        f"AND {_gone('ticket', 'i.ticket')}",
    ),
    Check(
        "in{0}",
        "names message {1}, which does not exist",
        "SELECT i.id, i.message FROM intake i WHERE i.message IS NOT NULL "
        f"AND {_gone('message', 'i.message')}",
    ),
    Check(
        "in{0}",
        "became message {1}, which came from elsewhere",
        "SELECT i.id, m.id FROM intake i JOIN message m ON m.id = i.message "
        f"WHERE i.outcome IN {_BECAME_MESSAGE} AND (m.intake IS NULL OR m.intake <> i.id)",
    ),
    Check(
        "in{0}",
        "is a duplicate without a first copy",
        "SELECT i.id FROM intake i WHERE i.outcome = 'duplicate' AND NOT EXISTS "
        "(SELECT 1 FROM intake x WHERE x.id = i.same_as AND x.same_as IS NULL)",
    ),
    Check(
        "in{0}",
        "has no digest: it could be taken in again",
        "SELECT id FROM intake WHERE digest IS NULL AND same_as IS NULL",
    ),
    Check(
        "in{0}",
        "is not done ({1}), but its bytes are gone",
        "SELECT i.id, i.state FROM intake i WHERE i.state <> 'done' "
        f"AND {_gone('raw', 'i.id', 'intake')}",
    ),
    Check(
        "in{0}",
        "has lost its bytes before their time",
        "SELECT i.id FROM intake i WHERE i.state = 'done' "
        "AND i.outcome NOT IN ('duplicate', 'forgotten') "
        f"AND coalesce(i.error, '') <> '{ERASED}' "
        "AND i.received >= coalesce((SELECT CAST(value AS BIGINT) FROM note "
        f"WHERE name = '{RAW_HORIZON}'), 0) AND {_gone('raw', 'i.id', 'intake')}",
    ),
    Check(
        "in{0}",
        "is gone, but its bytes are here",
        f"SELECT r.intake FROM raw r WHERE {_gone('intake', 'r.intake')}",
    ),
    Check(
        "in{3}",
        "does not exist, but was taken from {0}/{1} (uid {2})",
        f"SELECT s.account, s.folder, s.uid, s.intake FROM seen s "
        f"WHERE {_gone('intake', 's.intake')}",
    ),
)

#: changes whose last event must say what the ticket says
_KEPT_IN_STEP: Final = ("status", "priority", "department", "level")


def _in_step(column: str) -> Check:
    to = "json_extract(e.detail, '$.to')"
    to_postgres = "(e.detail::json ->> 'to')"
    sql = (
        "SELECT t.id, {to}, t.{column} FROM ticket t JOIN event e ON e.id = "
        "(SELECT max(id) FROM event WHERE ticket = t.id AND kind = '{column}') "
        "WHERE CAST({to} AS TEXT) <> CAST(t.{column} AS TEXT)"
    )
    return Check(
        "ticket {0}",
        f"its last event says {column} {{1}}, the ticket itself {{2}}",
        sql.format(to=to, column=column),
        sql.format(to=to_postgres, column=column),
    )


_TICKETS: Final = (
    *(_in_step(column) for column in _KEPT_IN_STEP),
    Check(
        "ticket {0}",
        "is {1}, but no event tells how",
        "SELECT t.id, t.status FROM ticket t WHERE (t.status IN "
        "('resolved', 'closed', 'merged', 'spam') "
        "OR (t.status <> 'new' AND t.imported_at IS NULL)) AND NOT EXISTS "
        "(SELECT 1 FROM event e WHERE e.ticket = t.id AND e.kind = 'status')",
    ),
    Check(
        "ticket {0}",
        "has no event that tells of its creation",
        "SELECT t.id FROM ticket t WHERE NOT EXISTS "
        "(SELECT 1 FROM event e WHERE e.ticket = t.id AND e.kind = 'created')",
    ),
    Check(
        "ticket {0}",
        "was merged into ticket {1}, which does not exist",
        "SELECT t.id, t.merged_into FROM ticket t WHERE t.merged_into IS NOT NULL "
        f"AND {_gone('ticket', 't.merged_into')}",
    ),
    Check(
        "ticket {0}",
        "is merged, but into none",
        "SELECT id FROM ticket WHERE status = 'merged' AND merged_into IS NULL "
        "AND imported_at IS NULL",
    ),
)


def _orphans(table: str, where: str) -> Check:
    return Check(
        where,
        "belongs to ticket {1}, which does not exist",
        f"SELECT x.id, x.ticket FROM {table} x WHERE x.ticket IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM ticket t WHERE t.id = x.ticket)",
    )


_MESSAGE_OF = "json_extract(e.detail, '$.message')"
_MESSAGE_OF_POSTGRES = "CAST(e.detail::json ->> 'message' AS INTEGER)"
_TOLD = (
    "SELECT e.ticket, {message} FROM event e JOIN ticket t ON t.id = e.ticket "
    "WHERE e.kind = 'message' AND t.imported_at IS NULL AND NOT EXISTS "
    "(SELECT 1 FROM message m WHERE m.id = {message} AND m.ticket = e.ticket)"
)
_UNTOLD = (
    "SELECT m.ticket, m.id FROM message m JOIN ticket t ON t.id = m.ticket "
    "WHERE t.imported_at IS NULL AND NOT EXISTS (SELECT 1 FROM event e "
    "WHERE e.ticket = m.ticket AND e.kind = 'message' AND {message} = m.id)"
)
_FILES = (
    "SELECT m.id, {name} FROM message m, {each} WHERE m.intake IS NOT NULL "
    "AND m.attachments <> '[]' "
    "AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.sha256 = {name})"
)
_PARTS: Final = (
    _orphans("message", "message {0}"),
    _orphans("event", "event {0}"),
    _orphans("letter", "out{0}"),
    Check(
        "ticket {0}",
        "has an appointment, but does not exist",
        f"SELECT a.ticket FROM alarm a WHERE {_gone('ticket', 'a.ticket')}",
    ),
    Check(
        "ticket {1}",
        "is read by {0}, but does not exist",
        f"SELECT r.email, r.ticket FROM reader r WHERE {_gone('ticket', 'r.ticket')}",
    ),
    Check(
        "reference {0}",
        "leads to ticket {1}, which does not exist",
        "SELECT r.msgid, r.ticket FROM reference r WHERE r.ticket <> 0 "
        f"AND {_gone('ticket', 'r.ticket')}",
    ),
    Check(
        "message {0}",
        "came in as in{1}, which does not exist",
        "SELECT m.id, m.intake FROM message m WHERE m.intake IS NOT NULL "
        f"AND {_gone('intake', 'm.intake')}",
    ),
    Check(
        "ticket {0}",
        "an event tells of message {1}, which does not exist",
        _TOLD.format(message=_MESSAGE_OF),
        _TOLD.format(message=_MESSAGE_OF_POSTGRES),
    ),
    Check(
        "ticket {0}",
        "no event tells of message {1}",
        _UNTOLD.format(message=_MESSAGE_OF),
        _UNTOLD.format(message=_MESSAGE_OF_POSTGRES),
    ),
    Check(
        "message {0}",
        "its attachment {1} is not kept",
        _FILES.format(
            name="json_extract(a.value, '$.sha256')", each="json_each(m.attachments) a"
        ),
        _FILES.format(
            name="(a.value ->> 'sha256')",
            each="json_array_elements(m.attachments::json) a(value)",
        ),
    ),
    Check(
        "message {0}",
        "no reference leads from {1} to it",
        "SELECT m.id, m.message_id FROM message m JOIN ticket t ON t.id = m.ticket "
        "WHERE m.kind = 'customer' AND m.public AND m.message_id IS NOT NULL "
        "AND m.intake IS NOT NULL AND t.imported_at IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM reference r WHERE r.msgid = m.message_id)",
    ),
)

_LETTERS: Final = (
    Check(
        "out{0}",
        "stands under no heading (state {1})",
        f"SELECT id, state FROM letter WHERE state NOT IN {STATES}",
    ),
    Check(
        "out{0}",
        "was sent, but nobody knows when",
        "SELECT id FROM letter WHERE state = 'sent' AND sent_at IS NULL",
    ),
    Check(
        "out{0}",
        "waits ({1}) without words",
        "SELECT id, state FROM letter WHERE state IN ('queued', 'deferred', 'kept') "
        "AND body IS NULL",
    ),
    Check(
        "out{0}",
        "is {1}, but somebody has it in hand",
        "SELECT id, state FROM letter WHERE lease_until IS NOT NULL "
        "AND state NOT IN ('queued', 'deferred')",
    ),
    Check(
        "out{0}",
        "carries message {1}, which does not exist",
        "SELECT l.id, l.message FROM letter l WHERE l.message IS NOT NULL "
        f"AND {_gone('message', 'l.message')}",
    ),
    Check(
        "out{0}",
        "no reference leads back from {1}",
        "SELECT l.id, l.message_id FROM letter l WHERE l.message_id <> '' AND NOT EXISTS "
        "(SELECT 1 FROM reference r WHERE r.msgid = l.message_id AND r.letter = l.id)",
    ),
    Check(
        "out{0}",
        "does not exist, but a reference names it ({1})",
        "SELECT r.letter, r.msgid FROM reference r WHERE r.letter IS NOT NULL "
        f"AND {_gone('letter', 'r.letter')}",
    ),
)

CHECKS: Final = (*_INTAKE, *_TICKETS, *_PARTS, *_LETTERS)
