"""Faults on demand, for rehearsals on stages that allow it."""
