"""The helper process that reads hostile mail under limits on time and memory, and the port through which it is asked."""
