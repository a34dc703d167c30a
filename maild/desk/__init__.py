"""What a help desk does: receive mail, obey agents, move tickets. Decides; never does I/O
other than through the words of its `Casebook`."""
