"""Gates: they apply rules to metrics."""
