"""The table of TensorFlow 1.15's names: it is what is served, it has every name, its page tells it."""

import json
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from slimzoo.compat import faces, recorded, tf_names
from slimzoo.compat.tf_rows import DIFFERS, INSTEAD, REASONS
from tools import page_of_names, table_of_names

TODAY = json.loads(table_of_names.TODAY.read_text())
MADE_WITH = {"tensorflow": tf.__version__, "keras": keras.__version__}
same_libraries = pytest.mark.skipif(
    TODAY["versions"] != MADE_WITH, reason=f"the table was made with {TODAY['versions']}"
)


@pytest.fixture(scope="module")
def probed():
    return table_of_names.probe(inside=False)


def on_the_face(rows):
    return {module: row for module, row in rows.items() if not tf_names.is_inside(module)}


@same_libraries
@pytest.mark.parametrize("part", ["gone", "stub", "missing", "ours", "new", "parameters", "members"])
def test_the_table_is_what_the_faces_answer(probed, part):
    """`python -m tools.table_of_names` writes it anew."""
    if part in ("parameters", "members") and sys.version_info[:2] != (3, 11):
        pytest.skip(
            "classes on the face inherit of Python's own unittest and enum: the table is of Python 3.11"
        )
    assert on_the_face(TODAY[part]) == on_the_face(probed[part])


@pytest.mark.slow  # imports a thousand modules inside TensorFlow
@same_libraries
def test_the_table_of_what_lies_inside_tensorflow_is_what_is_found_there():
    whole = table_of_names.probe()
    assert (TODAY["gone"], TODAY["missing"]) == (whole["gone"], whole["missing"])


def test_the_page_is_made_of_the_table():
    assert table_of_names.PAGE.read_text() == page_of_names.page(TODAY)


def test_a_name_is_missing_for_a_reason_or_not_at_all(probed):
    assert sorted(m for m in on_the_face(probed["missing"]) if m not in REASONS) == []


def test_the_record_has_what_tensorflow_1_15_is_known_for():
    assert sum(len(tf_names.names(module)) for module in tf_names.public_modules()) > 4_000
    kinds = {path: tf_names.names(path.rpartition(".")[0])[path.rpartition(".")[2]] for path in KNOWN}
    for path, parameters in KNOWN.items():
        assert tf_names.parameters(kinds[path])[: len(parameters)] == parameters
    assert "partial_run" in tf_names.members(kinds["tensorflow.Session"])


KNOWN = {
    "tensorflow.argmax": ["input", "axis", "name", "dimension", "output_type"],
    "tensorflow.Session": ["target", "graph", "config"],
    "tensorflow.nn.dropout": ["x", "keep_prob", "noise_shape", "seed", "name", "rate"],
    "tensorflow.flags.DEFINE_string": ["name", "default", "help"],
    "tensorflow.contrib.layers.conv2d": ["inputs", "num_outputs", "kernel_size", "stride", "padding"],
}


def test_every_row_of_a_lost_name_is_about_a_module_and_its_message_is_what_a_program_sees():
    for module, row in faces.MODULES.items():
        if not module.startswith("tensorflow") or recorded.is_module(module):
            continue
        for name in set(row.gone) & set(tf_names.names(module)):
            with pytest.raises(AttributeError) as caught:
                getattr(faces.resolve(module), name)
            assert str(caught.value).endswith(f"In its place: {row.gone[name]}")


def test_names_that_moved_are_what_they_were():
    face = faces.resolve("tensorflow").keras
    then, now = [[1.0, 2.0, 3.0]], [[2.0, -1.0, 3.0]]
    losses = ("mean_squared_error", "mean_absolute_error", "mean_squared_logarithmic_error")
    said = [float(getattr(face.losses, name)(then, now)[0]) for name in losses]
    assert said == pytest.approx([3.3333333, 1.3333334, 0.45711693], rel=1e-5)  # TF 1.15.5's, in float32
    assert face.initializers.normal is tf.keras.initializers.RandomNormal


def test_advice_about_parameters_is_about_parameters_that_went():
    for path, rows in INSTEAD.items():
        module, _, name = path.rpartition(".")
        assert set(rows) <= set(TODAY["parameters"][module][name].split())


def test_what_differs_is_there():
    for path in DIFFERS:
        assert faces.locate(path) is not None


def test_the_files_of_the_table_are_small():
    folder = Path(faces.__file__).parent
    sizes = [(folder / name).stat().st_size for name in ("tf_1_15_names.json.gz", "names_today.json")]
    assert sum(sizes) < 400_000


def test_the_ops_of_optimizers_take_their_arguments_in_the_old_order():
    face = faces.resolve(INSIDE + "training.training_ops")
    ops = [name for name in tf_names.names(INSIDE + "training.training_ops") if name.islower()]
    assert len(ops) > 40 and [name for name in ops if not hasattr(face, name)] == []
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable, slot = (tf.compat.v1.Variable(2.0, use_resource=False) for _ in range(2))
        step = face.apply_momentum(variable, slot, 0.5, 3.0, 0.1, use_nesterov=False)
        session.run(tf.compat.v1.global_variables_initializer())
        assert session.run(step) == pytest.approx(2.0 - 0.5 * (0.1 * 2.0 + 3.0))


INSIDE = ".".join(("tensorflow", "python", ""))


def test_checkpoints_are_read_by_the_arguments_of_tf_contrib_framework(tmp_path):
    face = faces.resolve("tensorflow.contrib.framework")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.compat.v1.get_variable("v", initializer=3.0)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        again = tf.compat.v1.get_variable("w", [])
        face.init_from_checkpoint(checkpoint_dir=str(tmp_path), assignment_map={"v": "w"})
        session.run(tf.compat.v1.global_variables_initializer())
        assert session.run(again) == 3.0
        known = [face.smart_constant_value(pred=one) for one in (True, 0, tf.constant(True))]
        assert known == [True, False, True]
        assert face.smart_constant_value(tf.compat.v1.placeholder(tf.bool)) is None
    assert face.list_variables(checkpoint_dir=str(tmp_path)) == [("v", [])]
    assert face.load_variable(checkpoint_dir=str(tmp_path), name="v") == 3.0
    assert face.load_checkpoint(filepattern=str(tmp_path)).get_tensor("v") == 3.0
    with pytest.raises(TypeError, match="must be a tensor, a bool, 1 or 0, not 2"):
        face.smart_constant_value(2)
