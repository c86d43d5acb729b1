"""Records what TensorFlow 1.15.5 makes of tests/compat/tf_rnn_cases.py and tf_seq2seq_cases.py.

    python3.7 tools/record_tf_rnn.py

writes tests/compat/tf_rnn.json. Run it with TensorFlow 1.15.5 when a case is added.
"""

import json
import sys
from pathlib import Path

import tensorflow as tf

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "compat"


def main() -> None:
    """Writes the record of all cases, a line each."""
    sys.path.insert(0, str(FOLDER))
    import tf_rnn_cases
    import tf_seq2seq_cases

    programs = {**tf_rnn_cases.CASES, **tf_seq2seq_cases.CASES}
    rows = [
        f"{json.dumps(name)}: {json.dumps(tf_rnn_cases.measure(tf, programs[name]))}" for name in programs
    ]
    FOLDER.joinpath("tf_rnn.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
