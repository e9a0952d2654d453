"""`python -m limen`."""

from limen.cli import program

if __name__ == "__main__":
    program()
