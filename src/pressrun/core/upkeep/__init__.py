"""Looking after an installation: alerts, disk space, backups to keep, and the lease of a session."""
