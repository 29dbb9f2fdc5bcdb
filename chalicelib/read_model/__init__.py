"""What the stream of events makes: the row of each order, and the business metrics."""
