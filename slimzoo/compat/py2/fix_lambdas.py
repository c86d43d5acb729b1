"""A fixer for fissix: tuples among the parameters of a lambda, where there is more than one parameter."""

import itertools
from collections.abc import Iterator
from typing import Any

from fissix import fixer_base, pytree
from fissix.fixer_util import Call, Name
from fissix.pgen2 import token
from fissix.pygram import python_symbols as syms


class FixLambdas(fixer_base.BaseFix):
    """`lambda (a, b), c: x` becomes `lambda py2_0, c: (lambda a, b: x)(*py2_0)`, as deep as tuples go."""

    BM_compatible = False
    run_order = 4  # before tuple_params, which knows one parameter
    PATTERN = "lambdef< 'lambda' args=any ':' body=any >"

    def transform(self, node: Any, results: Any) -> None:
        """Puts a lambda for each tuple around the body."""
        holder = pytree.Node(syms.vfplist, [results["args"].clone()])
        body = _apart(holder, results["body"].clone(), itertools.count())
        if body is not None:
            results["args"].replace(holder.children[0].clone())
            results["body"].replace(body)


def _apart(holder: Any, body: Any, numbers: Iterator[int]) -> Any:
    """Puts names for the tuples in `holder`; returns `body` in lambdas of them, None if there are none."""
    tuples = [leaf for leaf in holder.pre_order() if leaf.type == syms.vfpdef and not _inside(leaf)]
    for packed in reversed(tuples):
        if packed.children[1].type == token.NAME:  # (a) is a
            packed.replace(Name(packed.children[1].value, prefix=packed.prefix))
            continue
        name = f"py2_{next(numbers)}"
        inner = pytree.Node(syms.vfplist, [packed.children[1].clone()])
        inside = _apart(inner, body, numbers)
        body = _called(inner, body if inside is None else inside, name)
        packed.replace(Name(name, prefix=packed.prefix))
    return body if tuples else None


def _called(parameters: Any, body: Any, name: str) -> Any:
    """Returns `(lambda parameters: body)(*name)`."""
    parameters.prefix, body.prefix = " ", " "
    inner = pytree.Node(syms.lambdef, [Name("lambda"), parameters, pytree.Leaf(token.COLON, ":"), body])
    parts = [pytree.Leaf(token.LPAR, "("), inner, pytree.Leaf(token.RPAR, ")")]
    star = pytree.Node(syms.argument, [pytree.Leaf(token.STAR, "*"), Name(name)])
    return Call(pytree.Node(syms.atom, parts), [star], prefix=" ")


def _inside(node: Any) -> bool:
    """Says whether a tuple of parameters lies in another one: the inner lambda is its place."""
    parent = node.parent
    while parent is not None and parent.type != syms.lambdef:
        if parent.type == syms.vfpdef:
            return True
        parent = parent.parent
    return False
