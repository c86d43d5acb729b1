"""The error of slimzoo's own making; the command line shows it as one message and exits with 2."""

import re

# What TensorFlow adds to a reason: nodes and ops, and numbers where there are several.
_NODES = r"\[\[\{\{.*?\}\}\]\]|\{\{(?:function_)?node .*?\}\}|\[Op:[^\]]*\](?: name: ?)?"
_NUMBERS = r"^\d+ root error\(s\) found\.|^\s*\(\d+\)"


class SlimzooError(ValueError):
    """Something the user gave cannot be used; the message says what, what is allowed and what to do next.

    Attributes:
      full: the message in full, where it was shortened.
    """

    full: str = ""


def listing(headline: str, problems: list[str], limit: int = 40) -> str:
    """Returns `headline` and every problem on a line of its own, the ones beyond `limit` counted."""
    shown = problems[:limit]
    if len(problems) > limit:
        shown.append(f"... and {len(problems) - limit} more")
    return "\n  ".join([headline, *shown])


def tensorflow_says(error: Exception) -> str:
    """Returns the reason in an error of TensorFlow's, one line without its nodes, ops and stack."""
    text = without_nodes(str(getattr(error, "message", None) or error))
    text = re.sub(_NUMBERS, "", text, flags=re.MULTILINE)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[-1] if lines[0].startswith("Graph execution error") else lines[0]


def without_nodes(text: str) -> str:
    """Returns `text` without the names of nodes and ops that TensorFlow puts into it."""
    return re.sub(_NODES, "", text)
