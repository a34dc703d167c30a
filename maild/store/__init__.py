"""How everything is kept: peewee on SQLite or PostgreSQL, behind the desk's own words.

Rows never leave this package; what comes out are the nouns of `maild.model`.
"""

from maild.store.store import Store, open_store

__all__ = ["Store", "open_store"]
