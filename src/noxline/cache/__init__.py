"""Stores of results: on this disk, far away, and the two together."""
