"""Pages for readers and the public, over services: nothing is decided here."""
