"""Log events and metrics. Every package but core, message and smtp may use them."""
