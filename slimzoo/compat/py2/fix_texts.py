"""A fixer for fissix: the prefixes of texts that Python 3 does not read."""

import re
from typing import Any

from fissix import fixer_base
from fissix.pgen2 import token

_UR = re.compile(r"[uU][rR](?=['\"])")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})")


class FixTexts(fixer_base.BaseFix):
    """ur'x' becomes r'x', or 'x' where it has a \\u, which Python 2 read in these as well."""

    PATTERN = "STRING"
    BM_compatible = True

    def match(self, node: Any) -> bool:
        """Says whether the leaf is a text with such a prefix."""
        return node.type == token.STRING and _UR.match(node.value) is not None

    def transform(self, node: Any, results: Any) -> Any:
        """Returns the leaf without its u; escapes are written out."""
        new = node.clone()
        raw = _UR.sub("r", node.value, count=1)
        new.value = _ESCAPE.sub(lambda found: chr(int(found[0][2:], 16)), raw)
        return new
