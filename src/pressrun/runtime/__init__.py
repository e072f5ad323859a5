"""What processes need from the operating system: systemd, event loop, memory, and a word when the parent dies."""
