"""Mail that comes in: the listeners for SMTP and LMTP, and what they hand on."""
