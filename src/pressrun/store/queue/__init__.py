"""The queue and the ledger: copies, notices, destinations, the journal, and accepted mail."""
