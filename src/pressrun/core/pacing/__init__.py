"""How fast and when email goes out: rates, lanes, retries, sending hours and the limits of providers."""
