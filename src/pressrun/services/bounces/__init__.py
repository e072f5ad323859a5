"""What comes back of what was sent: refusals, bounces, complaints; how each is judged, and what follows from it."""
