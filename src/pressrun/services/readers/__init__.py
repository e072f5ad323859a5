"""What readers do: signing up, confirming, preferences, another address or language, unsubscribing, erasure."""
