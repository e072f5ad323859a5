"""Actions on the readers of lists."""
