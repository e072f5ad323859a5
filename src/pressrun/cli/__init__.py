"""The command line: a table of verbs, and a module for each group of them."""
