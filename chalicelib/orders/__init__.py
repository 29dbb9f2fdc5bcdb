"""The one way in for an order, its JSON, and reading and changing what is stored of it."""
