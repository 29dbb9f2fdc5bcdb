"""What others are told of batches: lists, and the notice of an end."""
