"""The small mails to one person: what they are about (`kinds`), what they say, and how they are made (`building`)."""
