"""The tables. What a column means stands beside it; how they change over time is
`migrations`' business."""

from typing import ClassVar

from peewee import (
    AutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CharField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

from maild.store.fields import InstantField, JsonField


class Intake(Model):
    """The inbox: one row for every message ever taken in, and what became of it."""

    id = AutoField()
    received = InstantField()
    digest = CharField(max_length=64, null=True, unique=True)  #: content; null on duplicates
    same_as = IntegerField(null=True)  #: a duplicate's first copy
    source = TextField()
    sender = TextField(null=True)  #: envelope
    recipients = JsonField(default=list)
    remote = TextField(default="")
    department = TextField(null=True)
    silent = BooleanField(default=False)
    size = IntegerField()
    state = CharField(max_length=8)  #: new | held | failed | done
    outcome = CharField(max_length=12, null=True)  #: once done: ticket, reply, command …
    ticket = IntegerField(null=True, index=True)
    message = IntegerField(null=True)
    message_id = TextField(null=True)  #: the mail's own
    attempts = SmallIntegerField(default=0)
    next_at = InstantField(null=True)  #: held: expires; failed: none
    error = TextField(null=True)
    confirmed = BooleanField(default=False)  #: held once; its owner said yes
    why = JsonField(null=True)  #: thread evidence, proof, rule trace: `maild why`

    class Meta:
        indexes = ((("state", "id"), False), (("received",), False))


class Raw(Model):
    """The bytes of an intake row, apart so that scans of the inbox stay small."""

    intake = IntegerField(primary_key=True)
    content = BlobField()


class Sighting(Model):
    """What the rules saw of a mail and decided (`store.replay`); goes with its raw mail."""

    intake = ForeignKeyField(Raw, primary_key=True, on_delete="CASCADE", column_name="intake")
    content = BlobField()


class Storm(Model):
    """Near-identical mails of one `[[cluster]]`, and the ticket they belong to."""

    key = CharField(max_length=64, primary_key=True)
    ticket = IntegerField(index=True)  #: 0 while the first one is decided
    first = InstantField()
    latest = InstantField()
    count = IntegerField()


class Seen(Model):
    """Mailbox bookkeeping: which IMAP message is which intake row."""

    account = TextField()
    folder = TextField()
    uidvalidity = BigIntegerField()
    uid = BigIntegerField()
    intake = IntegerField()
    marked = BooleanField(default=False)  #: moved, flagged or deleted at the server

    class Meta:
        primary_key = CompositeKey("account", "folder", "uidvalidity", "uid")
        indexes = ((("account", "marked"), False),)


class Mailbox(Model):
    """Since when a mailbox is watched, and when it was last looked at."""

    account = TextField()
    folder = TextField()
    uidvalidity = BigIntegerField()
    silent_before = InstantField()  #: older mail is answered by nobody
    last_poll = InstantField(null=True)

    class Meta:
        primary_key = CompositeKey("account", "folder")


class Ticket(Model):
    id = AutoField()
    subject = TextField()
    requester_name = TextField()
    requester_email = TextField(index=True)  #: case-folded
    department = TextField()
    created_at = InstantField(index=True)
    updated_at = InstantField(index=True)
    status = CharField(max_length=8)
    priority = CharField(max_length=6)
    level = SmallIntegerField()
    assignee = TextField(null=True)
    cc = JsonField(default=list)
    channel = TextField()
    language = CharField(max_length=8)
    tags = JsonField(default=list)
    category = TextField(null=True)
    external_id = TextField(null=True, unique=True)
    resolved_at = InstantField(null=True)
    closed_at = InstantField(null=True)
    merged_into = IntegerField(null=True)
    links = JsonField(default=list)
    due_first_response = InstantField(null=True)
    due_next_response = InstantField(null=True)
    due_resolution = InstantField(null=True)
    due_level = InstantField(null=True)
    rating_score = SmallIntegerField(null=True)
    rating_comment = TextField(null=True)
    rating_at = InstantField(null=True)
    imported_at = InstantField(null=True)

    class Meta:
        indexes = (
            (("status", "department", "assignee"), False),
            (("status", "resolved_at"), False),
        )


class Reader(Model):
    """Who reads a ticket besides its requester, so that a person's tickets are found."""

    email = TextField()
    ticket = IntegerField()

    class Meta:
        primary_key = CompositeKey("email", "ticket")


class Message(Model):
    id = AutoField()
    ticket = IntegerField(index=True)
    kind = CharField(max_length=8)
    sender_name = TextField()
    sender_email = TextField()
    at = InstantField()
    subject = TextField()
    to = JsonField(default=list)
    cc = JsonField(default=list)
    text = TextField()
    quoted = TextField()
    html = TextField(null=True)
    message_id = TextField(null=True)
    proof = CharField(max_length=9)
    public = BooleanField()
    attachments = JsonField(default=list)
    intake = IntegerField(null=True, index=True)


class Event(Model):
    id = AutoField()
    ticket = IntegerField(index=True)
    at = InstantField(index=True)
    kind = CharField(max_length=15)
    actor = TextField()
    detail = JsonField(default=dict)


class Reference(Model):
    """Every id by which a later mail may name a ticket: ours, and those that came in."""

    msgid = TextField(index=True)
    ticket = IntegerField(index=True)
    address = TextField()  #: whom we sent it to; "" for ids that came in
    letter = IntegerField(null=True)
    type = TextField(default="")  #: the letter's type

    class Meta:
        primary_key = False


class Letter(Model):
    """The outbox: every letter ever written, and what became of it."""

    id = AutoField()
    ticket = IntegerField(null=True, index=True)
    type = CharField(max_length=20)
    recipient = TextField()  #: case-folded
    cause = TextField()  #: what it answers: `intake:17`, `alarm:…`; unique with type, recipient
    created = InstantField()
    urgency = SmallIntegerField()  #: 0 a person's words, 1 asked for, 2 automatic
    state = CharField(max_length=9)  #: queued | deferred | sent | failed | kept | cancelled
    next_at = InstantField()
    attempts = SmallIntegerField(default=0)
    lease_until = InstantField(null=True)
    sent_at = InstantField(null=True)
    error = TextField(null=True)
    message_id = TextField(index=True)
    automatic = BooleanField()  #: counts for the desk-wide breaker
    body = JsonField(null=True)  #: the letter; null once retention has emptied it
    message = IntegerField(null=True)  #: the ticket message it carries out

    class Meta:
        indexes = (
            (("cause", "type", "recipient"), True),
            (("state", "urgency", "next_at"), False),
            (("recipient", "created"), False),
            (("automatic", "created"), False),
        )


class Blob(Model):
    """Attachments by content: the same logo in a thousand mails is kept once."""

    sha256 = CharField(max_length=64, primary_key=True)
    content = BlobField()


class Written(Model):
    """How an agent's latest mails ended: a closing seen before is a signature."""

    id = AutoField()
    sender = TextField(index=True)
    text = TextField()


class Alarm(Model):
    """One pending step of a clock; `at` is the instant it is due."""

    id = AutoField()
    ticket = IntegerField(index=True)
    at = InstantField(index=True)
    clock = CharField(max_length=16)
    visit = SmallIntegerField()
    step = SmallIntegerField()
    kind = CharField(max_length=8)


class Address(Model):
    """What is known of a correspondent."""

    email = TextField(primary_key=True)
    proven_at = InstantField(null=True)  #: gave a proof once: limits do not apply
    muted_until = InstantField(null=True)  #: failed hard: no automatic letters
    mute_reason = TextField(null=True)
    language = CharField(max_length=8, null=True)


class Lease(Model):
    """Who does a job that only one node may do."""

    name = TextField(primary_key=True)
    holder = TextField()
    until = InstantField()


class Slot(Model):
    """A scheduled job's slot that has been done: never twice, whatever the clock does."""

    job = TextField()
    at = InstantField()
    done = InstantField()
    result = JsonField(null=True)

    class Meta:
        primary_key = CompositeKey("job", "at")


class Note(Model):
    """Named values of the whole desk: the signing secret, the store's version."""

    name = TextField(primary_key=True)
    value = TextField()


class UsedLink(Model):
    """A sign-in link that has been used up; forgotten once it has expired anyway."""

    nonce = TextField(primary_key=True)
    until = InstantField()


class Submission(Model):
    """What a program handed in under a name of its own, so that it counts once."""

    external_id = TextField(primary_key=True)
    intake = IntegerField()


class HookCall(Model):
    """An event on its way to a webhook; it stays, so that it is told once."""

    hook = TextField()
    event = IntegerField()
    body = TextField()
    state = CharField(max_length=6)  #: queued | sent | failed
    attempts = SmallIntegerField()
    created = InstantField()
    next_at = InstantField()
    error = TextField(null=True)

    class Meta:
        primary_key = CompositeKey("hook", "event")
        indexes = ((("state", "next_at"), False),)


class ArticleVote(Model):
    """Whether an article helped somebody."""

    article = TextField()
    voter = CharField(max_length=32)
    useful = BooleanField()

    class Meta:
        primary_key = CompositeKey("article", "voter")


class Missed(Model):
    """A search of the knowledge base that found nothing, by its words: how often a day."""

    day = IntegerField()  #: local, as `date.toordinal` counts
    words = TextField()
    count = IntegerField()

    class Meta:
        primary_key = CompositeKey("day", "words")


ALL: ClassVar[tuple[type[Model], ...]] = (  # type: ignore[misc]
    Intake, Raw, Sighting, Storm, Seen, Mailbox, Ticket, Reader, Message, Event, Reference,
    Letter, Blob, Written, Alarm, Address, Lease, Slot, Note,
    UsedLink, Submission, HookCall, ArticleVote, Missed,
)  # fmt: skip
