"""Detection of projects that have no noxline settings: files are read, nothing of the project is run."""
