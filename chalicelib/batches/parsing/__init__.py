"""From the bytes of a file to records: JSON, JSON Lines and CSV."""
