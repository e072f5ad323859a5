"""The data directory and what keeps it in order: sessions, keys, restores, retention and monitoring."""
