"""What the API shows: JSON made from orders, events, batches and dead letters."""
