"""Given, when, then for the rules of the domain."""
