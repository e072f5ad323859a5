"""Operators and housekeeping: lists, subscribers, suppressions, held sign-ups, kept email, exports and alerts."""
