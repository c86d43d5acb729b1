"""The same words, another meaning: changes in a tree from Python 2's to what says it in Python 3."""

import ast
from typing import Any

from slimzoo.compat.py2.syntax import futures

RUNTIME = "__py2__"  # the name of runtime.py in a translated module
ATTRIBUTES = {  # an attribute that is gone: what stands for it
    **{f"iter{view}": f".{view}()" for view in ("items", "keys", "values")},
    **{f"view{view}": f".{view}()" for view in ("items", "keys", "values")},
    "has_key": "`in`",
    "next": "next()",
    "sort": "sort() with cmp",
    "decode": "decode() of text",
    "encode": "encode() of bytes",
    "translate": "translate() without some characters",
    "message": "the message of an exception",
    "func_closure": "__closure__",
    "func_code": "__code__",
    "func_defaults": "__defaults__",
    "func_dict": "__dict__",
    "func_doc": "__doc__",
    "func_globals": "__globals__",
    "func_name": "__name__",
    "im_class": "type of __self__",
    "im_func": "__func__",
    "im_self": "__self__",
    "xreadlines": "the file itself",
    "tostring": "tobytes()",
}
_VIEWS = ("items", "keys", "values")
_ORDER = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_EQUAL = {ast.Eq: "eq", ast.NotEq: "ne"}
_TYPES = ("str", "unicode")
_CAUGHT = "py2_caught"


class Meaning(ast.NodeTransformer):
    """Changes a tree; `places` are the (line, what) it changed.

    Args:
      names_only: only what Python 3 does not have at all.
    """

    def __init__(self, tree: ast.AST, names_only: bool = False):
        known = futures(tree) if isinstance(tree, ast.Module) else set()
        self._floors = "division" not in known
        self._names_only = names_only
        self.places: list[tuple[int, str]] = []

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """d.iteritems becomes __py2__.attribute(d, "iteritems")."""
        self.generic_visit(node)
        if node.attr not in ATTRIBUTES or not isinstance(node.ctx, ast.Load):
            return node
        if self._names_only and node.attr in (*_QUIET, "next"):
            return node
        told = f".{node.attr}: {ATTRIBUTES[node.attr]}" if node.attr not in _QUIET else ""
        return self._call(node, "attribute", [node.value, ast.Constant(node.attr)], told)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """a / b floors whole numbers; "%s" % x writes x as Python 2 did."""
        self.generic_visit(node)
        if self._names_only:
            return node
        if isinstance(node.op, ast.Div) and self._floors:
            return self._call(node, "divide", [node.left, node.right], "/ of whole numbers floors")
        if isinstance(node.op, ast.Mod) and _is_text(node.left):
            return self._call(node, "percent", [node.left, node.right])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """a /= b floors whole numbers."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Div) and self._floors and not self._names_only:
            node.value = self._call(node.value, "divisor", [node.value], "/= of whole numbers floors")
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        """`except X, e` leaves e where it is after the handler."""
        self.generic_visit(node)
        if node.name is None or self._names_only:
            return node
        kept = ast.Assign([ast.Name(node.name, ast.Store())], ast.Name(_CAUGHT, ast.Load()))
        node.name = _CAUGHT
        node.body.insert(0, ast.fix_missing_locations(ast.copy_location(kept, node)))
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """None < 3, and the text of bytes is equal to text."""
        self.generic_visit(node)
        if len(node.ops) > 1 or self._names_only:
            return node
        sides = [node.left, node.comparators[0]]
        name = _ORDER.get(type(node.ops[0]))
        if name is None and any(_is_text(side) for side in sides):
            name = _EQUAL.get(type(node.ops[0]))
        return node if name is None else self._call(node, "compare", [ast.Constant(name), *sides])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """d.keys() is a list; str(x) and "{}".format(x) write x as Python 2 did."""
        self.generic_visit(node)
        if self._names_only:
            return node
        function = node.func
        if isinstance(function, ast.Name) and function.id in _TYPES:
            return self._call(node, "text", [function, *node.args], keywords=node.keywords)
        if not isinstance(function, ast.Attribute):
            return node
        if function.attr in _VIEWS and not node.args and not node.keywords:
            return self._call(node, "listed", [node], f".{function.attr}() is a list")
        if function.attr == "format" and _is_text(function.value):
            node.args = [
                a if isinstance(a, ast.Starred) else self._call(a, "written", [a]) for a in node.args
            ]
            for keyword in node.keywords:
                if keyword.arg is not None:
                    keyword.value = self._call(keyword.value, "written", [keyword.value])
        return node

    def _call(
        self, old: Any, name: str, arguments: list[Any], told: str = "", keywords: Any = ()
    ) -> ast.Call:
        """Returns `__py2__.name(arguments)` in the place of `old`."""
        if told:
            self.places.append((old.lineno, told))
        function = ast.Attribute(ast.Name(RUNTIME, ast.Load()), name, ast.Load())
        new = ast.copy_location(ast.Call(function, arguments, list(keywords)), old)
        return ast.fix_missing_locations(new)


_QUIET = ("sort", "decode", "encode", "message", "translate")  # most of them mean what they did


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
