"""One poll: passes, cursors, quarantine, and the service that repeats it."""
