"""What a command raises where it cannot be carried out."""


class CannotError(Exception):
    """Ends the command with its message on standard error and status 2."""
