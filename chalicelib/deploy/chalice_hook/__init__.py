"""All that reaches into Chalice's own deployment."""
