"""Orders that stopped: the sweeper, dead letters, redrives of one or of a group."""
