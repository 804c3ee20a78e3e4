"""What the project says about itself and about its pipeline."""
