"""Columns of a scored log -> decisions, millions of rows at a time."""

from engine.columnar.errors import ColumnarError
from engine.columnar.evaluator import AT_STAKE, Columnar, Detail
from engine.columnar.frame import RecordFrame

__all__ = ["AT_STAKE", "Columnar", "ColumnarError", "Detail", "RecordFrame"]
