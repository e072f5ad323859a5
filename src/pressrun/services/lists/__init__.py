"""What is done to a list as a whole: its settings, its archive, its redirects, its end."""
