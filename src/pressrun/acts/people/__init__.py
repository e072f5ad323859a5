"""Actions on people, their rights and their tokens."""
