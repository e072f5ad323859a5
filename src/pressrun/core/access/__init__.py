"""Who may log in and what they may do: rights, passwords, and the codes that people type."""
