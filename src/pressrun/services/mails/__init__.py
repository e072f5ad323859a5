"""Composing mails from the database: copies of editions, and notices to one person."""
