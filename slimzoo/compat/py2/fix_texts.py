"""A fixer for fissix: the prefixes of texts that Python 3 does not read."""

import re
from typing import Any

from fissix import fixer_base
from fissix.pgen2 import token

_UR = re.compile(r"[uU][rR](?=['\"])")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})")
_NOT_PLAIN = re.compile(r"[bB]?[uUrR]")
_NO_ESCAPE = re.compile(r"((?<!\\)(?:\\\\)*\\)(?=[uUN])")


class FixTexts(fixer_base.BaseFix):
    """ur'x' becomes r'x', its \\u written out; a backslash that says u, U or N in other texts stays one."""

    PATTERN = "STRING"
    BM_compatible = True

    def match(self, node: Any) -> bool:
        """Says whether the leaf is such a text."""
        return node.type == token.STRING and self._changed(node.value) != node.value

    def transform(self, node: Any, results: Any) -> Any:
        """Returns the leaf changed."""
        new = node.clone()
        new.value = self._changed(node.value)
        return new

    def _changed(self, text: str) -> str:
        if _UR.match(text):
            return _ESCAPE.sub(lambda found: chr(int(found[0][2:], 16)), _UR.sub("r", text, count=1))
        return text if _NOT_PLAIN.match(text) else _NO_ESCAPE.sub(r"\1\\", text)
