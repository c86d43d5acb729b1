"""`slimzoo run --py2` and `--py2-diff`."""

from click.testing import CliRunner

from slimzoo.cli import main
from tests.compat.support import slimzoo

PROGRAM = """\
import sys
import tensorflow as tf
import helper
import scipy.misc
import numpy as np

slim = tf.contrib.slim
x = tf.placeholder(tf.float32, [None, 9 / 2])
half = tf.shape(x)[0] / 2
count = tf.constant(7)
count /= 2
scale = tf.constant(3.0) / 2
net = slim.fully_connected(x[:half], 3)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    values = {"half": half, "count": count, "scale": scale, "shape": tf.shape(net)}
    found = session.run(values.values(), {x: np.ones((5, 4))})
    print dict((k, v.tolist()) for k, v in zip(values.keys(), found)),
    print np.arange(3) / 2, scipy.misc.imresize(np.zeros((4, 4), np.uint8), 50).shape
helper.fail({"key": sys.argv[1]})
"""
HELPER = """\
def fail(d):
    for k, v in d.iteritems():
        print k, v
        raise KeyError, v
"""


def test_a_program_of_python_2_runs_with_tensorflow_1_and_fails_by_its_own_lines(tmp_path):
    (tmp_path / "main.py").write_text(PROGRAM)
    (tmp_path / "helper.py").write_text(HELPER)
    said, told = slimzoo("run", "--py2", "main.py", "--flag", cwd=tmp_path, code=1)
    assert said == ("{'half': 2, 'count': 3, 'scale': 1.5, 'shape': [2, 3]} [0 0 1] (2, 2)\nkey --flag\n")
    assert (
        "--py2: main.py: Python 2, translated in memory: / of whole numbers floors (lines 8, 9, 12, " in told
    )
    assert "--py2: helper.py: Python 2, translated in memory: .iteritems: .items() (line 2)" in told
    trace = told[told.index("Traceback") :].splitlines()
    assert [line.strip() for line in trace[1:]] == [
        f'File "{tmp_path}/main.py", line 20, in <module>',
        'helper.fail({"key": sys.argv[1]})',
        f'File "{tmp_path}/helper.py", line 4, in fail',
        "raise KeyError, v",
        "KeyError: '--flag'",
    ]
    assert not list(tmp_path.rglob("*.pyc"))


def run(*arguments):
    return CliRunner().invoke(main, ["run", *map(str, arguments)])


def test_py2_diff_prints_what_changes_in_all_modules_and_runs_nothing(tmp_path):
    (tmp_path / "main.py").write_text(PROGRAM)
    (tmp_path / "helper.py").write_text(HELPER)
    done = run("--py2-diff", tmp_path / "main.py")
    assert done.exit_code == 0
    assert f"--- {tmp_path}/main.py\n" in done.output and f"--- {tmp_path}/helper.py\n" in done.output
    assert "\n-        raise KeyError, v\n" in done.output and "\n+        raise KeyError(v)\n" in done.output
    assert "+half = tf.shape(x)[0] / 2  # Python 2: / of whole numbers floors\n" in done.output


def test_a_program_that_no_python_reads_is_one_message(tmp_path):
    (tmp_path / "main.py").write_text("x = 1\nprint 'a' b\n")
    done = run("--py2", tmp_path / "main.py")
    assert done.exit_code == 2
    assert "main.py:2: neither Python 2 nor Python 3: not read at 'b'\n    print 'a' b\n" in done.output
