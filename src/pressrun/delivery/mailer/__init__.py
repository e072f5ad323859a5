"""The press: makes the mails of the rows that the queue gives, signs them, and feeds the connections."""
