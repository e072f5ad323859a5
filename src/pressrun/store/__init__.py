"""The truth: every SQL statement of Pressrun, in named .sql files, and the only place that imports a database."""
