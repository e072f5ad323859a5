"""Links, addresses and rows that nobody can forge: keys, tokens, digests and the chain of evidence."""
