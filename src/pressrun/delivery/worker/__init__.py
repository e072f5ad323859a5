"""Worker processes, which compose, sign, deliver and journal, and the side of the daemon that gives them work."""
