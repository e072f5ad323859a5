"""A mail as octets: header fields, MIME entities, their encodings, and fixed text with slots in it."""
