"""The frozen nouns of the pipeline: no disk, process, clock or environment in here."""
