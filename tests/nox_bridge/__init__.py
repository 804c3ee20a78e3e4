"""Tests of the bridge to nox."""
