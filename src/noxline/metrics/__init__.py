"""Readers of reports, one kind per file."""
