"""The table `control`: dead letters, jobs, outbox, tokens, batches, circuits, switches."""
