"""What operators' verbs need outside the database: CSV files, files of theirs to read, DKIM keys, DNS look-ups."""
