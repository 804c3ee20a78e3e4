"""Tests of detection: each builds a tiny project in a temporary folder and reads what is detected."""
