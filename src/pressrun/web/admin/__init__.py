"""Pages of people who log in."""
