"""Pages for readers: sign up, confirm, set preferences, change the address, unsubscribe."""
