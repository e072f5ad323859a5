"""An edition from its manuscript to its archive: built, checked, previewed, let go, paused, looked up."""
