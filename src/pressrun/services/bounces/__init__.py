"""Refusals, bounces and complaints: what each says, and what follows from it."""
