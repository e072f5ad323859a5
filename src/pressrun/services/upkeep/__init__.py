"""What keeps the service in order: housekeeping, retention, readiness, kept mail, keys, moves."""
