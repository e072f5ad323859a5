"""What an operator does beside sending: imports, exports, DKIM keys and their records in DNS."""
