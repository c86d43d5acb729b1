"""slimzoo.compat.install(): one line, and both worlds in one process."""

import json
import os
import sys

import pytest

from tests.compat.support import SCRIPTS, python


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What scripts/both_worlds.py found out, with a library that is not in its folder."""
    library = tmp_path_factory.mktemp("library")
    (library / "a_library.py").write_text("import numpy as np\nimport tensorflow as tf\n")
    before = os.environ.get("PYTHONPATH")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "PYTHONPATH", os.pathsep.join(filter(None, (str(library), before, str(SCRIPTS.parents[2]))))
        )
        said, _ = python("both_worlds.py")
    return json.loads(said.splitlines()[-1])


def test_the_program_sees_tensorflow_1_and_libraries_what_they_always_did(found):
    claims = (
        *(
            "tf of the caller is TensorFlow 1",
            "np has its old names",
            "a module of the program sees the same",
        ),
        *(
            "a library sees TensorFlow",
            "a library sees NumPy",
            "importlib sees TensorFlow",
            "v2 behaviour is on",
        ),
    )
    assert [claim for claim in claims if not found[claim]] == []


def test_keras_learns_before_and_after_and_slim_in_between(found):
    claims = ("keras before", "keras after", "slim learns", "keras after a session", "keras at last")
    assert [claim for claim in claims if not found[claim]] == []


def test_what_one_line_cannot_give_says_what_to_do(found):
    for said in (found["placeholder"], found["layer"]):
        assert "with tf.Graph().as_default()" in said
    assert "slimzoo run" in found["placeholder"]


def test_uninstall_takes_everything_back(found):
    assert found["uninstalled"] and found["tf_slim is gone"]


def test_importing_compat_imports_no_tensorflow():
    python(
        "-c",
        "import slimzoo.compat, sys; assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules",
    )
    assert sys.modules.get("slimzoo.compat") is not None
