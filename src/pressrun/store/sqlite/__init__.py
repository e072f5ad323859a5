"""SQLite: the engine of most installations, a file in data_dir."""
