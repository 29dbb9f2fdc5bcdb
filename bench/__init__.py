"""Measurements: side by side in one run, reported as ratios, because the machine is small, shared and noisy."""
