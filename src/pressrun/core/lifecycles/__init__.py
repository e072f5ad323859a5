"""The states of editions, copies and subscriptions, the moves between them, and the events that they make."""
