"""Pure algorithms over test results: merging, shards."""
