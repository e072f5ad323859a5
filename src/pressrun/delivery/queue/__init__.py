"""Which copy or notice goes next, when and by which relay; claims it, and records what became of it."""
