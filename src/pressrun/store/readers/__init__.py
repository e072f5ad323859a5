"""Readers: subscribers and their subscriptions, the evidence of consent, bounces and suppressions."""
