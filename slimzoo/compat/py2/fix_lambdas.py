"""A fixer for fissix: tuples among the parameters of a lambda, where there is more than one parameter."""

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

    def transform(self, node: Any, results: Any) -> Any:
        """Puts a lambda for each tuple around the body."""
        parameters = results["args"]
        tuples = [leaf for leaf in parameters.pre_order() if leaf.type == syms.vfpdef and not _inside(leaf)]
        if parameters.type == syms.vfpdef:
            tuples = [parameters]
        if not tuples:
            return None
        body = results["body"].clone()
        for number, packed in enumerate(reversed(tuples)):
            name = f"py2_{number}"
            inner = pytree.Node(
                syms.lambdef, [Name("lambda", prefix=""), _names(packed), pytree.Leaf(token.COLON, ":"), body]
            )
            body = Call(
                pytree.Node(syms.atom, [pytree.Leaf(token.LPAR, "("), inner, pytree.Leaf(token.RPAR, ")")]),
                [pytree.Node(syms.argument, [pytree.Leaf(token.STAR, "*"), Name(name)])],
                prefix=" ",
            )
            packed.replace(Name(name, prefix=packed.prefix))
        results["body"].replace(body)
        return node


def _inside(node: Any) -> bool:
    """Says whether a tuple of parameters lies in another one: the inner lambda is its place."""
    parent = node.parent
    while parent is not None and parent.type != syms.lambdef:
        if parent.type == syms.vfpdef:
            return True
        parent = parent.parent
    return False


def _names(packed: Any) -> Any:
    names = packed.children[1].clone()
    names.prefix = " "
    return names
