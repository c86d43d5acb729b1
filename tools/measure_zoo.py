"""Writes down what is known of every network of slimzoo's own into slimzoo/facts/.

    python tools/measure_zoo.py              # every network; minutes
    python tools/measure_zoo.py 'deeplab_*'  # these, and the others stay as they are written down

`slimzoo list`, `info`, `inspect` and `convert` read those files in place of importing TensorFlow and tracing
the networks, which takes minutes. Run it when a network is added or changed; tests/catalogue/test_entries.py
says when something is missing or wrong.
"""

import fnmatch
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from slimzoo import facts
from slimzoo.catalogue.tracing import counted, depends, traced
from slimzoo.registry import networks

TARGET = Path(__file__).resolve().parents[1] / "slimzoo" / "facts"


def main(patterns: Sequence[str] = ()) -> None:
    """Traces and writes, a line for each network, in the order of their names, and a file for each."""
    rows = facts.rows() if patterns else {}
    wanted = set().union(*(fnmatch.filter(networks(), pattern) for pattern in patterns or ("*",)))
    for name in tqdm(sorted(wanted)):
        rows[name], parts = counted(name), {**traced(name), **depends(name)}
        text = ",\n".join(f"{json.dumps(key)}: {_lines(value)}" for key, value in parts.items())
        (TARGET / "parts" / f"{name}.json").write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
    there = {name: rows[name] for name in sorted(networks()) if name in rows}
    (TARGET / "networks.json").write_text(f"{_lines(there)}\n", encoding="utf-8")


def _lines(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """Returns `value` as JSON with a line for each item of it."""
    if isinstance(value, Mapping):
        return "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "\n}"
    return "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"


if __name__ == "__main__":
    main(sys.argv[1:])
