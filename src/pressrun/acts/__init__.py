"""Everything that can be done: one table of actions, and the one door for the shell, pages and programs."""
