"""`slimzoo check`: what it prints, what it exits with, and that TensorFlow stays out of it."""

import json
import subprocess
import sys

PROGRAM = """import tensorflow as tf
import numpy as np
net = tf.layers.dense(tf.zeros([1, 2]), np.int(3))
loss = tf.mul(net, net)
model = tf.keras.Model()
"""


def test_a_program_is_read_like_a_linter_does(slimzoo, tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    result = slimzoo("check", "train.py")
    assert (result.code, result.err) == (1, "")
    assert result.out.splitlines() == [
        "train.py:4: tf.mul: not served; use tf.multiply",
        "train.py:5: tf.keras: is today's Keras 3: its layers and optimizers are of another make than "
        "TensorFlow 1.15's (a warning)",
        "1 file read: 5 old names used, 4 served and 1 not; 1 place to change, 1 warning",
    ]


def test_a_program_that_would_work_exits_with_0_and_one_line(slimzoo, tmp_path):
    (tmp_path / "lib.py").write_text("import tensorflow as tf\ntf.nn.relu(1)")
    (tmp_path / "train.py").write_text("import lib")
    result = slimzoo("check", "train.py", "lib.py")
    assert (result.code, result.err) == (0, "")
    assert result.out == "2 files read: 1 old name used, 1 served and 0 not; nothing to change\n"


def test_the_report_is_a_document_too(slimzoo, tmp_path):
    (tmp_path / "a.py").write_text(PROGRAM)
    (tmp_path / "a_test.py").write_text("print 3")
    result = slimzoo("check", ".", "--exclude", "*_test.py", "--json")
    document = json.loads(result.out)
    assert (result.code, [file.removeprefix("./") for file in document["files"]]) == (1, ["a.py"])
    assert document["findings"][0] == {
        "file": document["files"][0],
        "line": 4,
        "name": "tf.mul",
        "what": "not served",
        "instead": "tf.multiply",
        "kind": "fault",
    }
    assert document["not_served"] == ["tf.mul"] and "tf.layers.dense" in document["served"]


def test_what_is_no_program_is_refused(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.png").write_bytes(b"\x89PNG\0")
    refused("check", "none.py", "empty", words=["none.py: no such file", "empty: no Python file is in"])
    refused("check", "a.png", words=["a.png: no Python: it has bytes of zero"])


def test_names_of_files_that_steer_a_terminal_are_shown_as_text(slimzoo, tmp_path):
    (tmp_path / "a\x1b[31m.py").write_text("print 3")
    result = slimzoo("check", ".")
    assert result.code == 1 and "\x1b" not in result.out and "a\\x1b[31m.py:1: Python 2" in result.out


def test_nothing_of_tensorflow_is_imported_to_read_a_program(tmp_path):
    (tmp_path / "a.py").write_text(PROGRAM)
    code = (
        "import sys\nfrom slimzoo.cli import main\ntry: main(['check', 'a.py'])\nexcept SystemExit: pass\n"
        "print({'tensorflow', 'keras', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
