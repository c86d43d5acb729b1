"""What the numbers of YOLO's classes mean: names one a line, or in the YAML file of a data set."""

import re
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

from slimzoo.data.text import all_lines

FILES = ("classes.txt", "obj.names", "data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_QUOTED = r"""'(?:[^']|'')*'|"[^"]*\""""
_NUMBER = r"""(?:["']?(\d{1,9})["']?\s*:\s+)"""
_COMMENT = re.compile(rf"({_QUOTED})|(?:^|\s)#.*")
_ROW = re.compile(rf"(?:-\s+|{_NUMBER})(.+)")
_ITEM = re.compile(rf"{_NUMBER}?({_QUOTED}|[^,\]}}\s][^,\]}}]*)")
_INSIDE = re.compile(rf"[\[{{]((?:{_QUOTED}|[^\]}}])*)")


def read_names(path: Path) -> dict[int, str]:
    """Returns {number: name} as a file says; a number without a name is not among them.

    Of a .yaml file `names:` is read, a list or numbers with names, in brackets or one a line.
    """
    lines = all_lines(path)
    if path.suffix not in (".yaml", ".yml"):
        return {number: name for number, name in enumerate(lines) if name}
    plain = [text for line in lines if (text := _COMMENT.sub(r"\1", line).strip())]
    start = next((i for i, line in enumerate(plain) if line.startswith("names:")), len(plain))
    rows = "\n".join(plain[start:]).removeprefix("names:").strip()
    if inside := _INSIDE.match(rows):
        return _numbered(_ITEM.finditer(inside[1].replace("\n", " ")))
    found = (_ROW.fullmatch(row) for row in rows.splitlines())
    return _numbered(row for row in takewhile(bool, found) if row)


def _numbered(rows: Iterable[re.Match]) -> dict[int, str]:
    pairs = enumerate(rows)
    return {i if row[1] is None else int(row[1]): _unquoted(row[2].strip()) for i, row in pairs}


def _unquoted(text: str) -> str:
    quoted = re.fullmatch(_QUOTED, text) is not None
    return (text[1:-1].replace("''", "'") if quoted else text).strip()
