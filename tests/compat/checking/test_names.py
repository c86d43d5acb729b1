"""Names that a program gets from a library: followed wherever it carries them, judged by the tables."""

import pytest

from slimzoo.compat.checking import check

LOST = "tf.keras.experimental: not served; use tf.keras.optimizers.schedules"
STUB = "tf.contrib.bigtable.BigtableClient: not served"  # a stub: it imports
NO_SUCH = "no name of TensorFlow 1.15, nor of today's"

FOUND = {  # a program: the line and the words of its one fault
    "import tensorflow as tf\ntf.keras.experimental.gan_loss()": (2, LOST),
    "import tensorflow\ntensorflow.keras.experimental.gan_loss()": (2, LOST),
    "import tensorflow.compat.v1 as tf\ntf.keras.experimental.gan_loss()": (2, LOST),
    "from tensorflow.compat import v1 as tf\ntf.keras.experimental.gan_loss()": (2, LOST),
    "from tensorflow import keras\nkeras.experimental.gan_loss()": (2, LOST),
    "from tensorflow.keras import experimental": (1, LOST),
    "import tensorflow.keras.experimental as g\n\ng.gan_loss()": (1, LOST),
    "import tensorflow as tf\nc = tf.keras\ng = c.experimental\ng.gan_loss()": (3, LOST),
    "import tensorflow as tf\ndef f():\n    c = tf.keras\n    return c.experimental.gan_loss()": (4, LOST),
    "import tensorflow as tf\nclass A:\n    loss = tf.keras.experimental.gan_loss": (3, LOST),
    "import tensorflow as tf\ndef f(x=tf.keras.experimental): pass": (2, LOST),
    "import tensorflow as tf\n@tf.keras.experimental.x\ndef f(): pass": (2, LOST),
    "import tensorflow as tf\nf = lambda tf2: tf.keras.experimental": (2, LOST),
    "import tensorflow as tf\n[tf.keras.experimental for _ in range(3)]": (2, LOST),
    "def f():\n    import tensorflow as tf\n    tf.keras.experimental()": (3, LOST),
    "def f():\n    tf.keras.experimental()\nimport tensorflow as tf": (2, LOST),
    "import tensorflow as tf\ngetattr(tf.keras, 'experimental').gan_loss()": (2, LOST),
    "import importlib\ng = importlib.import_module('tensorflow.keras.experimental')\ng.x": (2, LOST),
    "from importlib import import_module\nt = import_module('tensorflow')\nt.keras.experimental.x": (3, LOST),
    "from tensorflow import *\nkeras.experimental.gan_loss()": (2, LOST),
    "from tensorflow.contrib.bigtable import *\nBigtableClient()": (2, STUB),
    "from tensorflow.contrib.bigtable import BigtableClient\nBigtableClient()": (2, STUB),
    "from tensorflow.contrib.factorization.python.ops.gmm import GMM as T\nT()": (
        2,
        "tf.contrib.factorization.python.ops.gmm.GMM: not served",
    ),
    "import tensorflow as tf\nclass A(tf.contrib.bigtable.BigtableClient): pass": (2, STUB),
    "import tensorflow as tf\ntf.mul(1, 2)": (2, "tf.mul: not served; use tf.multiply"),
    "import tensorflow as tf\ntf.nn.reloo(1)": (2, f"tf.nn.reloo: {NO_SUCH}"),
    "import tensorflow as tf\ntf.contrib.layers.conv2e(1)": (2, f"tf.contrib.layers.conv2e: {NO_SUCH}"),
    "import tensorflow as tf\ntf.keras.backend.learning_phase()": (2, "tf.keras.backend.learning_phase: not"),
    "from tensorflow.keras.layers import CuDNNLSTM\nCuDNNLSTM(3)": (
        1,
        "tf.keras.layers.CuDNNLSTM: not served",
    ),
    "from tensorflow.python.framework import fast_tensor_util": (
        1,
        "tensorflow.python.framework.fast_tensor_util: today's TensorFlow does not have it",
    ),
    "import tensorflow as tf\ntf.keras.regularizers.l2(l=1.0)": (
        2,
        "tf.keras.regularizers.l2(l=): an argument that is not taken any more; use l2=",
    ),
    "import tensorflow as tf\ntf.data.Options.experimental_stats": (
        2,
        "tf.data.Options.experimental_stats: tod",
    ),
    "import numpy as np\nnp.pmt(1)": (2, "np.pmt: not served; use the package numpy_financial"),
    "from numpy import irr": (1, "np.irr: not served"),
    "try:\n    import tensorflow as tf\nexcept ImportError:\n    tf = None\ntf.keras.experimental()": (
        5,
        LOST,
    ),
}

FINE = (  # programs in which nothing is a fault
    "import tensorflow as tf\ntf.layers.dense(tf.nn.relu(tf.contrib.layers.flatten(x)), units=3)",
    "import tf_slim as slim\nslim.conv2d(x, 3, 3)\nslim.nets.vgg.vgg_16(x)",
    "from tensorflow.contrib.bigtable import BigtableClient",  # imported, not used
    "import tensorflow as tf\nisinstance(x, tf.contrib.bigtable.BigtableClient)",
    "import tensorflow as tf\nhasattr(tf, 'mul')\ngetattr(tf, 'mul', None)\ngetattr(tf, name)",
    "import tensorflow as tf\nif hasattr(tf, 'mul'):\n    f = tf.mul\nelse:\n    f = tf.multiply",
    "import tensorflow as tf\nf = tf.mul if tf.__version__ < '1' else tf.multiply",
    "import tensorflow as tf\ntry:\n    f = tf.mul\nexcept AttributeError:\n    f = tf.multiply",
    "try:\n    from tensorflow.keras import experimental as e\nexcept ImportError:\n    e = None\ne.x()",
    "try:\n    from tensorflow.keras.experimental import f\nexcept:\n    from os import abort as f\nf()",
    "from contextlib import suppress\nwith suppress(ImportError):\n    import tensorflow.keras.experimental",
    "import tensorflow as tf\ndef f(tf):\n    tf.mul()",
    "import tensorflow as tf\ndef f():\n    tf = other()\n    tf.mul()",
    "import tensorflow as tf\nfor tf in x:\n    tf.mul()",
    "from tensorflow.contrib import layers\nlayers = []\nlayers.append(3)",
    "import tensorflow as tf\nx = tf.Session().graph.nothing_known\nx.foo",
    "import tensorflow as tf\ntf.mul = tf.multiply",
    "import tensorflow as tf\ntf.raw_ops.Add(x=1, y=2)\ntf.io.decode_webp(x)",  # of today's TensorFlow alone
    "import tensorflow.compat.v2 as tf\ntf.mul",
    "from tensorflow.python.ops import array_ops, math_ops\nmath_ops.add(1, 2)\narray_ops.never_heard_of",
    "import numpy as np\nnp.int(3), np.zeros(3), np.what",
    "import tensorflow as tf\nx = y\ny = x\ny.mul",
    "import collections\ncollections.mul",
    "def f(): global tf\ntf = 3\ntf.mul",
)


def faults(folder, text):
    (folder / "p.py").write_text(text)
    return check([str(folder / "p.py")]).faults


@pytest.mark.parametrize(("text", "fault"), FOUND.items())
def test_a_name_that_is_not_served_is_found_however_it_is_reached(tmp_path, text, fault):
    line, words = fault
    assert [
        (one.line, f"{one.name}: {str(one).split(': ', 2)[2]}"[: len(words)])
        for one in faults(tmp_path, text)
    ] == [(line, words)]


@pytest.mark.parametrize("text", FINE)
def test_what_works_or_has_an_alternative_or_is_not_known_is_no_fault(tmp_path, text):
    assert faults(tmp_path, text) == ()


def test_names_are_followed_through_the_modules_of_the_program(tmp_path):
    (tmp_path / "lib").mkdir()
    files = {
        "lib/__init__.py": "from .base import *\nfrom . import deep",
        "lib/base.py": "import tensorflow as tf\ng = tf.keras",
        "lib/deep.py": "from .base import g as c\nfrom ..lib import base as b",
        "main.py": "from lib import g, deep\nimport lib.base as base, lib\n"
        "g.experimental()\ndeep.c.experimental()\nbase.tf.mul()\nlib.g.experimental()\nlib.tf.mul()\ndeep.b.tf.mul()\nlib.nothing.gan",
        "star.py": "from lib import *\ntf.mul()\ng.experimental()",
        "circle.py": "from circle2 import *\nfrom circle2 import x\nx.gan",
        "circle2.py": "from circle import *\nfrom circle import x",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = [(one.file.rpartition("/")[2], one.line) for one in check([str(tmp_path)]).faults]
    assert found == [*(("main.py", line) for line in range(3, 9)), ("star.py", 2), ("star.py", 3)]
    alone = check([str(tmp_path / "main.py")])  # with what it imports, and nothing else
    assert sorted(file.rpartition("/")[2] for file in alone.files) == [
        "__init__.py",
        "base.py",
        "deep.py",
        "main.py",
    ]
    assert len(alone.faults) == 6


def test_a_package_of_the_program_is_not_a_librarys(tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("def pmt(): pass")
    assert faults(tmp_path, "import numpy as np\nnp.pmt()") == ()


def test_what_differs_is_said_once_a_file_and_is_no_fault(tmp_path):
    (tmp_path / "p.py").write_text(
        "import tensorflow as tf\ntf.keras.layers.Dense(3)\ntf.keras.layers.Dense(3)"
    )
    report = check([str(tmp_path / "p.py")])
    assert [(one.line, one.name) for one in report.warnings] == [(2, "tf.keras")] and not report.faults


def test_names_are_counted_once(tmp_path):
    (tmp_path / "p.py").write_text(
        "import tensorflow as tf\ntf.add(tf.add(1, 2), 3)\ntf.mul(1, 2)\ntf.mul(1, 2)"
    )
    report = check([str(tmp_path)])
    assert (report.served, report.not_served, len(report.faults)) == (("tf.add",), ("tf.mul",), 2)
