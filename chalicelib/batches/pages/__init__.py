"""Work on one page of a batch: its lines are handed over, and its orders watched to their end."""
