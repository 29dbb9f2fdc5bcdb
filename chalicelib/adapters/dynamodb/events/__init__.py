"""The table `events`: an append-only stream per order."""
