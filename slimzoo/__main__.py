"""`python -m slimzoo` is the command `slimzoo`."""

from slimzoo.cli import main

if __name__ == "__main__":
    main()
