"""Bulk jobs: what takes too long for one request, and goes on after a restart."""
