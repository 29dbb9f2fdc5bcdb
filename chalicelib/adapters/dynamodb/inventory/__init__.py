"""The table `inventory`: stock and reservations."""
