"""Tests of the readers of reports."""
