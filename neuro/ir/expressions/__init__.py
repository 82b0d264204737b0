"""The expression language: Python's syntax, our own trees, exact meaning."""

from neuro.ir.expressions.nodes import Assign, Expression, Program
from neuro.ir.expressions.parser import parse_expression, parse_program
from neuro.ir.expressions.printer import print_expression, print_program

__all__ = [
    "Assign",
    "Expression",
    "Program",
    "parse_expression",
    "parse_program",
    "print_expression",
    "print_program",
]
