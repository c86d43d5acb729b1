"""Records what TensorFlow 1.15.5 makes of the programs in tests/compat/contrib_cases.py.

    python3.7 tools/record_contrib_cases.py

writes tests/compat/contrib_cases.json. Run it with TensorFlow 1.15.5 when a case is added.
"""

import importlib
import json
import sys
from pathlib import Path

import tensorflow as tf

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "compat"


def main() -> None:
    """Writes the record of all cases, a line each."""
    sys.path.insert(0, str(FOLDER))
    import contrib_cases as cases

    found = {name: cases.steps(tf, name, importlib.import_module) for name in cases.OPTIMIZERS}
    found.update(cases.tensors(tf, importlib.import_module))
    rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in found.items()]
    FOLDER.joinpath("contrib_cases.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
