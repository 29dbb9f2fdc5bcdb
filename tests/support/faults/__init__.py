"""Faults, interleavings, and a simulation of whole orders under them."""
