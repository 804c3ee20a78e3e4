"""The only seams to the operating system: files and processes."""
