"""Tests of noxline.engine."""
