"""What the process tells its operator: log events and metrics. Every room but core, message and smtp may use it."""
