"""Commands that work with a deployed stage."""
