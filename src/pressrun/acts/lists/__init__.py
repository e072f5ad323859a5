"""Actions on lists."""
