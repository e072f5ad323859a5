"""Actions of operators, the journal of events, and returns."""
