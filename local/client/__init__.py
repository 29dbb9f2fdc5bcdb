"""Submitting orders and batches to a stage."""
