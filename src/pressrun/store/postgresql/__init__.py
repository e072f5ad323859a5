"""PostgreSQL: the engine for what one machine cannot carry. The extra `postgresql` brings its driver."""
