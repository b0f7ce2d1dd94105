"""Run the command line by hand: python -m thanksio.cli."""

from thanksio.cli import main

if __name__ == "__main__":
    main()
