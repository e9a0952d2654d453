"""What the columnar evaluator cannot do."""


class ColumnarError(ValueError):
    """A table or a program that cannot be evaluated by columns; the message says why and what to do."""
