"""DKIM signatures, and the parts of them that all copies of an edition share."""
