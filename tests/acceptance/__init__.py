"""Real projects from the package index through the whole pipeline."""
