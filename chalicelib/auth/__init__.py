"""API tokens: what one is, how it is checked, how it is issued."""
