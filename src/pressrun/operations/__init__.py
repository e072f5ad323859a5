"""What an operator does beside sending: imports, exports, backups, and talking to systemd."""
