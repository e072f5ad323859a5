"""What programs use: tokens, events, jobs and their files, and requests with a key."""
