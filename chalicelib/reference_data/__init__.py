"""Products, customers, stock and delivery holds: reading, checking and publishing them."""
