"""What operators and time do: lists, readers and kept mail looked after, archives taken away, sweeping, readiness."""
