"""What refusals and bounces mean, and what follows from them for a copy, a reader and an edition."""
