"""Records what TensorFlow 1.15.5 makes of the programs in tests/compat/tf_estimator_cases.py.

    python3.7 tools/record_tf_estimator.py [CASE ...]

writes tests/compat/tf_estimator.json. Run it with TensorFlow 1.15.5 when a case is added.
"""

import importlib
import json
import sys
import tempfile
from pathlib import Path

import tensorflow as tf

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "compat"


def main() -> None:
    """Writes the record of all cases, and of all errors, a line each."""
    sys.path.insert(0, str(FOLDER.parents[1]))
    cases = importlib.import_module("tests.compat.tf_estimator_cases")

    tf.logging.set_verbosity(tf.logging.ERROR)
    file = FOLDER / "tf_estimator.json"
    recorded = json.loads(file.read_text()) if file.exists() else {}
    for name in sys.argv[1:] or cases.CASES:
        with tempfile.TemporaryDirectory() as folder:
            recorded[name] = cases.measure(tf, name, folder)
        rows = [
            f"{json.dumps(case)}: {json.dumps(recorded[case])}" for case in cases.CASES if case in recorded
        ]
        file.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
