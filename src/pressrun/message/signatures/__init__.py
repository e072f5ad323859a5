"""DKIM signatures, and what the copies of an edition share of them, made ready once."""
