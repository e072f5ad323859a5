"""What is done to a list as a whole: its settings, its end."""
