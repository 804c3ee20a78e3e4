"""The plan, its limits, and the one loop that drives it."""
