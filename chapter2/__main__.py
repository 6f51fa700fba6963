"""``python -m chapter2``: the command line, for launchers that start modules."""

from chapter2.cli import main

if __name__ == "__main__":
    main()
