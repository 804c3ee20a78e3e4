"""Reporters: they listen to a run and print or write."""
