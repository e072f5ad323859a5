"""How fast and when email goes out: rates, destinations, retries, sending hours and the limits of providers."""
