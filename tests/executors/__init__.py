"""Tests of noxline.executors."""
