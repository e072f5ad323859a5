"""Email addresses, how they are spelled, and what the addresses of this installation mean."""
