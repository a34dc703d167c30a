"""The nouns: mail, people, tickets, events, letters. Frozen; they import nothing of ours."""
