"""Reuse, held against runs that reuse nothing."""
