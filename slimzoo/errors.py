"""The error of slimzoo's own making, and how text of unknown origin is shown.

The command line shows a SlimzooError as one message and exits with 2.
"""

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

MAX_MESSAGE = 4_000  # characters of one message: a screen or two
_MAX_TAIL = 1_000  # of these, kept for how it ends: what to do next stands there
_MAX_ITEMS = 8  # of a list that is shown
_INVISIBLE = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")  # kinds of characters that steer a terminal or hide

# What TensorFlow adds to a reason: nodes and ops, and numbers where there are several.
_NODES = r"\[\[\{\{.*?\}\}\]\]|\{\{(?:function_)?node .*?\}\}|\[Op:[^\]]*\](?: name: ?)?"
_NUMBERS = r"^\d+ root error\(s\) found\.|^\s*\(\d+\)"


class SlimzooError(ValueError):
    """Something the user gave cannot be used; the message says what, what is allowed and what to do next.

    A message may quote names from a file: str() of the error is clean() and at most MAX_MESSAGE characters.

    Attributes:
      full: the message without that limit.
    """

    def __init__(self, message: str = ""):
        self.full: str = clean(message)
        super().__init__(_shortened(self.full))


class Faults:
    """What is wrong in several steps, none of which needs the others: all of it is raised at once."""

    def __init__(self) -> None:
        self.found: list[Exception] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Notes an error of the block that is the user's business; what follows the block runs."""
        try:
            yield
        except (SlimzooError, OSError) as error:
            self.found.append(error)

    def raise_all(self) -> None:
        """Raises a single error as it is, several as one SlimzooError, nothing where there is none."""
        if len(self.found) > 1:
            said = [getattr(error, "full", str(error)) for error in self.found]
            raise SlimzooError("\n".join(said)) from self.found[0]
        if self.found:
            raise self.found[0]


def readable(text: str) -> str:
    """Returns `text` as clean and short as the message of a SlimzooError is."""
    return _shortened(clean(text))


def not_there(message: str) -> FileNotFoundError:
    """Returns the error for a file that is missing; what names it may come from another file."""
    return FileNotFoundError(readable(message))


def clean(text: str) -> str:
    """Returns `text`; what would steer a terminal, turn its direction or hide in it stands as \\x1b."""
    if text.isascii() and text.replace("\n", " ").replace("\t", " ").isprintable():
        return text
    return "".join(_escaped(character) if _steers(character) else character for character in text)


def shown(value: object, limit: int = 100) -> str:
    """Returns `value`, whatever a file made of it, as at most `limit` clean characters on one line.

    It costs no more than that: of a list the first few items are looked at, of these nothing that is inside.
    """
    return clean(_cut(_brief(value, limit, depth=1), limit)).replace("\n", "\\n").replace("\t", "\\t")


def listing(headline: str, problems: list[str], limit: int = 40) -> str:
    """Returns `headline` and every problem on a line of its own, the ones beyond `limit` counted."""
    lines = problems[:limit]
    if len(problems) > limit:
        lines.append(f"... and {len(problems) - limit} more")
    return "\n  ".join([headline, *lines])


def counted(number: int, noun: str) -> str:
    """Returns how many there are of something: "1 problem", "2 problems"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def some(names: Sequence[str], limit: int = 5) -> str:
    """Returns the first `limit` of `names`, and how many more there are."""
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _brief(value: object, limit: int, depth: int) -> str:
    if isinstance(value, str | bytes):
        return value[: limit + 1] if isinstance(value, str) else repr(value[: limit + 1])
    if isinstance(value, bool | float | type(None)) or (isinstance(value, int) and abs(value) < 1 << 128):
        return repr(value)
    if isinstance(value, list | tuple | Mapping) and depth:
        items: Iterable[object] = islice(value, _MAX_ITEMS)
        more = ", ..." if len(value) > _MAX_ITEMS else ""
        return f"[{', '.join(_brief(item, limit, depth - 1) for item in items)}{more}]"
    return f"<{type(value).__name__}>"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _shortened(text: str) -> str:
    if len(text) <= MAX_MESSAGE:
        return text
    note = (
        f"\n... {len(text) - MAX_MESSAGE:,} characters left out (the error's attribute `full` has them) ...\n"
    )
    return text[: MAX_MESSAGE - _MAX_TAIL - len(note)] + note + text[-_MAX_TAIL:]


def _steers(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in _INVISIBLE


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode()


def _clean_record(record: logging.LogRecord) -> bool:
    """Makes a message of the log as clean and short as an error's."""
    text = record.getMessage()
    if (better := readable(text)) != text:
        record.msg, record.args = better, ()
    return True


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


logging.getLogger("slimzoo").addFilter(_clean_record)
