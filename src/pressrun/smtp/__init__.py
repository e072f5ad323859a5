"""The client's half of an SMTP dialogue, without I/O: bytes in, events and bytes out."""
