"""`python -m noxline` is the same as the command `noxline`."""

from noxline.cli.main import main

if __name__ == "__main__":
    main()
