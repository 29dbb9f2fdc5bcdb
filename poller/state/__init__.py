"""What is remembered between polls."""
