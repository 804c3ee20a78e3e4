"""Which files there are, what is in them, and the fingerprints made of that: standard library alone, nothing heavy."""
