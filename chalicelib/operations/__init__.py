"""What keeps the system running: stream consumer, dead letters, sweeper, redrive, replay, and their commands."""
