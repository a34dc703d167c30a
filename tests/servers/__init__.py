"""Private servers that tests start on loopback and end again: real ones where there are."""
