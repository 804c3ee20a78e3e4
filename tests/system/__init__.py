"""Tests of noxline.system."""
