"""How mail enters: the doors, and what is made of the raw bytes."""
