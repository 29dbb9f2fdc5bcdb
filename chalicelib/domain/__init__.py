"""The rules of an order: pure Python, no AWS, no I/O, no clock, no randomness."""
