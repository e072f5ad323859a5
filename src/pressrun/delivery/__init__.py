"""From the ledger row to the relay's reply: the queue, the mailer, the worker processes, and the relays."""
