"""The error of slimzoo's own making; the command line shows it as one message and exits with 2."""


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
