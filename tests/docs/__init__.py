"""Tests of the documentation: what a page says, the code does."""
