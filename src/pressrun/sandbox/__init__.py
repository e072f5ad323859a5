"""The helper process that reads hostile mail, with limits on time and memory, and the port to it."""
