"""What a source file says."""
