"""One folder a table."""
