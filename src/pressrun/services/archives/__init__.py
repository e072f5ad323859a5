"""Archives: past editions as anybody may read them, their export, and their import."""
