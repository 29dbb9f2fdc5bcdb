"""The order workflow as a state machine: one table of steps, and the Amazon States Language built from it."""
