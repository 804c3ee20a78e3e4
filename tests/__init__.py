"""Tests, folder by folder as the packages of noxline."""
