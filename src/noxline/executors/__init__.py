"""Executors: they take requests and hand back outcomes."""
