"""The command line: one file per family of commands; they parse and print only."""
