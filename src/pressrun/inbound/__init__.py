"""The listeners for SMTP and LMTP."""
