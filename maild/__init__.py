"""maild: a help desk that lives on e-mail. Inbox -> desk -> outbox."""

__version__ = "0.1.0"
