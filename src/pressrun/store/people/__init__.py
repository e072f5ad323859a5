"""People who log in: what they may do, what they prove it with, and the audit log of what they did."""
