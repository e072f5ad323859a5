"""What operators and programs do with the readers of a list: one at a time, from a file, or all at once."""
