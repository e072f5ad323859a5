"""What an operator does besides sending: CSV files, DKIM keys and their records in DNS."""
