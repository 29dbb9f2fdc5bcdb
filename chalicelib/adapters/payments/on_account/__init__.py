"""Payments on the customer's credit account."""
