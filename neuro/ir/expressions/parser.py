"""Parse expressions and programs: Python's syntax, read by `ast` into our own nodes.

Nothing is ever evaluated: what is not arithmetic, comparison, logic, a conditional or a call of a
known function is refused with the column at which it stands.
"""

from __future__ import annotations

import ast
from functools import singledispatch
from typing import NoReturn

from neuro.errors import ExpressionError, suggestion
from neuro.ir.expressions import nodes
from neuro.ir.expressions.functions import FUNCTIONS
from neuro.ir.expressions.nodes import Assign, Expression, Program

_BINARY: dict[type[ast.operator], nodes.BinaryOperator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_COMPARE: dict[type[ast.cmpop], nodes.Comparison] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_LOGICAL: dict[type[ast.boolop], nodes.LogicalOperator] = {ast.And: "and", ast.Or: "or"}


def parse_expression(text: str) -> Expression:
    """Parse one expression, such as ``"v >= v_thresh"``.

    Raises
    ------
    ExpressionError
        If it has a syntax error or holds anything the language does not allow; the message points
        at the column.
    """
    source = " ".join(text.split())
    tree = _syntax(source, "eval")
    assert isinstance(tree, ast.Expression)
    return _convert_or_point(tree.body, source)


def parse_program(text: str) -> Program:
    """Parse assignments, one a line or separated by semicolons; ``#`` starts a comment.

    Raises
    ------
    ExpressionError
        If a statement is not an assignment to a name, or its value is no valid expression.
    """
    source = "\n".join(line.strip() for line in text.splitlines())  # there are no blocks
    tree = _syntax(source, "exec")
    assert isinstance(tree, ast.Module)
    return tuple(_parse_assignment(statement, source) for statement in tree.body)


def _parse_assignment(statement: ast.stmt, source: str) -> Assign:
    match statement:
        case ast.Assign(targets=[ast.Name(id=target)], value=value):
            return Assign(target, _convert_or_point(value, source))
        case ast.AugAssign(target=ast.Name(id=target), op=op, value=value) if type(op) in _BINARY:
            operand = _convert_or_point(value, source)
            return Assign(target, nodes.Binary(_BINARY[type(op)], nodes.Name(target), operand))
        case _:
            raise ExpressionError(
                "a program holds assignments to names only.",
                source=_line(source, statement.lineno),
                column=statement.col_offset,
                hint="Write 'v = …'.",
            )


def _syntax(source: str, mode: str) -> ast.AST:
    try:
        return ast.parse(source, mode=mode)
    except SyntaxError as error:
        line = _line(source, error.lineno or 1)
        column = min(error.offset - 1, len(line)) if error.offset else len(line)
        raise ExpressionError(
            f"syntax error: {error.msg}.",
            source=line,
            column=column,
            hint="Expressions have Python's syntax.",
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("this is not an expression.", source=source[:80], column=0) from None


def _line(source: str, number: int) -> str:
    lines = source.splitlines() or [""]
    return lines[min(number, len(lines)) - 1]


class _Refused(Exception):
    """Something the language does not allow, at a node."""

    def __init__(self, node: ast.AST, what: str, hint: str = "") -> None:
        self.lineno = getattr(node, "lineno", 1)
        self.column = getattr(node, "col_offset", 0)
        self.what = what
        self.hint = hint


def _convert_or_point(node: ast.expr, source: str) -> Expression:
    try:
        return _convert(node)
    except _Refused as refused:
        line = _line(source, refused.lineno)
        # `ast` counts columns in UTF-8 bytes.
        column = len(line.encode()[: refused.column].decode(errors="ignore"))
        raise ExpressionError(refused.what, source=line, column=column, hint=refused.hint) from None
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply.", source=source[:80]) from None


@singledispatch
def _convert(node: ast.AST) -> Expression:
    raise _Refused(
        node,
        f"{_DESCRIPTIONS.get(type(node), type(node).__name__)} is not part of the language.",
        "Use arithmetic, comparisons, and/or/not, 'a if c else b' and known functions.",
    )


_DESCRIPTIONS: dict[type[ast.AST], str] = {
    ast.Attribute: "attribute access",
    ast.Subscript: "indexing",
    ast.Lambda: "a lambda",
    ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.List: "a list",
    ast.Tuple: "a tuple",
    ast.Dict: "a dictionary",
    ast.JoinedStr: "a formatted string",
    ast.NamedExpr: "':='",
    ast.Starred: "'*'",
    ast.Await: "'await'",
}


@_convert.register
def _(node: ast.Constant) -> Expression:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refused(node, f"{value!r} is not a number.")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number == float("inf"):
        raise _Refused(node, "the number is too large for a float.")
    return nodes.Literal(number)


@_convert.register
def _(node: ast.Name) -> Expression:
    return nodes.Name(node.id)


@_convert.register
def _(node: ast.UnaryOp) -> Expression:
    match node.op:
        case ast.USub():
            return nodes.Unary("-", _convert(node.operand))
        case ast.UAdd():
            return _convert(node.operand)
        case ast.Not():
            return nodes.Unary("not", _convert(node.operand))
        case _:
            raise _Refused(node, "'~' is not part of the language.", "Use 'not'.")


@_convert.register
def _(node: ast.BinOp) -> Expression:
    if type(node.op) not in _BINARY:
        raise _Refused(node, f"{type(node.op).__name__} is not one of + - * / **.")
    return nodes.Binary(_BINARY[type(node.op)], _convert(node.left), _convert(node.right))


@_convert.register
def _(node: ast.Compare) -> Expression:
    if len(node.ops) > 1:
        raise _Refused(node, "comparisons cannot be chained.", "Write 'a < b and b < c'.")
    if type(node.ops[0]) not in _COMPARE:
        raise _Refused(node, f"{type(node.ops[0]).__name__} is not a comparison of numbers.")
    left, right = _convert(node.left), _convert(node.comparators[0])
    return nodes.Compare(_COMPARE[type(node.ops[0])], left, right)


@_convert.register
def _(node: ast.BoolOp) -> Expression:
    result = _convert(node.values[0])
    for value in node.values[1:]:
        result = nodes.Logical(_LOGICAL[type(node.op)], result, _convert(value))
    return result


@_convert.register
def _(node: ast.IfExp) -> Expression:
    return nodes.Select(_convert(node.test), _convert(node.body), _convert(node.orelse))


@_convert.register
def _(node: ast.Call) -> Expression:
    if not isinstance(node.func, ast.Name):
        _refuse_callee(node.func)
    name = node.func.id
    if node.keywords:
        raise _Refused(node, f"{name}() takes no keyword arguments.")
    expected = _arity(node, name)
    if len(node.args) != expected:
        raise _Refused(node, f"{name}() takes {expected} arguments, got {len(node.args)}.")
    arguments = tuple(_convert(argument) for argument in node.args)
    return nodes.Select(*arguments) if name == "where" else nodes.Call(name, arguments)


def _arity(node: ast.Call, name: str) -> int:
    if name == "where":
        return 3
    if name not in FUNCTIONS:
        hint = suggestion(name, [*FUNCTIONS, "where"])
        raise _Refused(node, f"there is no function {name!r}.", hint)
    return FUNCTIONS[name].arity


def _refuse_callee(node: ast.expr) -> NoReturn:
    _convert(node)
    raise _Refused(node, "only functions of the language can be called.")
