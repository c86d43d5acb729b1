"""Records what TensorFlow 1.15.5 makes of tests/compat/tf_rnn_cases.py and tf_seq2seq_cases.py.

    python3.7 tools/record_tf_rnn.py

writes tests/compat/tf_rnn.json, and a checkpoint beside it. Run it with TensorFlow 1.15.5 when a case
is added.
"""

import json
import sys
from pathlib import Path
from typing import Any

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
    logits = json.dumps(save(tf_rnn_cases.language_model))
    rows.append(f'"language model": {logits}')
    FOLDER.joinpath("tf_rnn.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


def save(model: Any) -> Any:
    """Writes a checkpoint of the language model and returns its logits."""
    with tf.Graph().as_default(), tf.Session() as session:
        logits = model(tf)
        session.run(tf.global_variables_initializer())
        path = str(FOLDER / "tf_rnn_checkpoint" / "model.ckpt")
        tf.train.Saver().save(session, path, write_meta_graph=False, write_state=False)
        return [[float(f"{value:.6g}") for value in row] for row in session.run(logits)]


if __name__ == "__main__":
    main()
