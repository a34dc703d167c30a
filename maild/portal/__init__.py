"""The web pages: one more way in, for people who would rather not write a mail."""
