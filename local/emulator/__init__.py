"""The local AWS: MiniStack with what it lacks."""
