"""The warm path: a run in which nothing changed, replayed from what a rehearsal of it noted."""
