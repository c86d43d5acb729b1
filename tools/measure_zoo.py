"""Counts the parameters and multiply-adds of every registered network into slimzoo/catalogue/facts.json.

    python tools/measure_zoo.py

`slimzoo list` reads that file in place of tracing the networks, which takes a minute or two. Run it when a
network is added or changed; tests/catalogue/test_entries.py says when a row is missing or wrong.
"""

import json
from pathlib import Path

from tqdm import tqdm

from slimzoo.catalogue.entries import FACTS, count
from slimzoo.registry import get_network, list_models

TARGET = Path(__file__).resolve().parents[1] / "slimzoo" / "catalogue" / FACTS


def main() -> None:
    """Counts and writes, a line for each network, in the order of their names."""
    rows = [f"{json.dumps(name)}: {json.dumps(count(get_network(name)))}" for name in tqdm(list_models())]
    TARGET.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
