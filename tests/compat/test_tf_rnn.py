"""RNN cells against TensorFlow 1.15.5: variables, names, outputs, states, gradients."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo.compat import faces, recorded
from slimzoo.compat.not_served import NotServedError, StandIn
from tests.compat import tf_rnn_cases, tf_seq2seq_cases
from tests.compat.tf_rnn_cases import measure

FOLDER = Path(__file__).parent
RECORDED = json.loads((FOLDER / "tf_rnn.json").read_text())
MONOTONIC = (
    *("BahdanauMonotonicAttention", "LuongMonotonicAttention", "monotonic_attention", "safe_cumprod"),
)
PROGRAMS = {**tf_rnn_cases.CASES, **tf_seq2seq_cases.CASES}
TF = faces.resolve("tensorflow")


@pytest.fixture(scope="module", autouse=True)
def tensorflow_1():
    """Switches to the variables and the control flow of TensorFlow 1, as `slimzoo run` does."""
    TF.disable_resource_variables()
    TF.disable_control_flow_v2()
    yield
    TF.enable_resource_variables()
    TF.enable_control_flow_v2()


SLOW = (  # the rest takes 10 seconds
    *(
        "grid",
        "grid, both ways",
        "grid, everything",
        "grid, shared",
        "attention by a tensor",
        "attention decoder",
    ),
    *("attention, symbols to symbols", "symbols to symbols, tied", "symbols to symbols, by a tensor"),
    *(
        "symbols to symbols, projected",
        "a beam with penalties",
        "both ways, stacked",
        "both ways, stacked steps",
    ),
    *("buckets", "coupled, layer norm", "layer norm in a sequence", "attend in a sequence", "attend twice"),
    *("two sequences", "one to many", "fused by steps, reversed", "fused by a cell", "nas, projected"),
    *("a sequence of steps and lengths", "groups, projected", "decode by schedule", "independent gru"),
    *("decode outputs by schedule", "decode outputs beside others", "a cell of one's own, stacked"),
    *(
        "attention, joined state",
        "wrapped and stacked",
        "decode samples",
        "gru block 2",
        "a cell around cells",
    ),
    *("embedding of a sequence", "coupled, everything", "phased, peepholes", "frequencies, peepholes"),
    *("highway, two gates", "intersection, projected", "stacked twice", "sru", "dropout at every step"),
    *("a template of a sequence", "lstm block, peepholes", "buckets, by example", "decode inferred"),
    *("layer norm, without", "dropout by a tensor", "device", "attend by products", "decode, a layer"),
    *("sequence to sequence, tied", "convolutions of volumes", "decoder with a loop", "lstm in parts"),
)


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow if case in SLOW else ()) for case in PROGRAMS]
)
def test_a_program_of_cells_gives_what_it_gave(case):
    found, then = measure(TF, PROGRAMS[case]), RECORDED[case]
    assert len(found["outputs"]) == len(then["outputs"])
    for (dtype, shape), (its_dtype, its_shape) in zip(found["outputs"], then["outputs"], strict=True):
        known = [size for size, its in zip(shape, its_shape, strict=True) if its is not None]
        assert (dtype, known) == (its_dtype, [its for its in its_shape if its is not None])
    for what in ("variables", "penalties", "gradients"):
        assert found[what] == then[what], what
    # of float32 values, recorded to 6 digits
    np.testing.assert_allclose(found["sums"], then["sums"], rtol=2e-5, atol=2e-5)


def test_a_checkpoint_of_then_gives_the_logits_of_then():
    with TF.Graph().as_default(), TF.Session() as session:
        logits = tf_rnn_cases.language_model(TF)
        TF.train.Saver().restore(session, str(FOLDER / "tf_rnn_checkpoint" / "model.ckpt"))
        # of float32 values, recorded to 6 digits
        np.testing.assert_allclose(session.run(logits), RECORDED["language model"], rtol=1e-5, atol=2e-6)


def test_every_public_name_is_there():
    for part, not_served in (
        ("nn.rnn_cell", ()),
        ("contrib.rnn", ()),
        ("contrib.legacy_seq2seq", ()),
        ("contrib.seq2seq", MONOTONIC),
    ):
        module = faces.resolve(f"tensorflow.{part}")
        names = {n for n in recorded.names(f"tensorflow.{part}") if n[0] != "_"} or dir(module)
        stand_ins = {name for name in names if isinstance(getattr(module, name), StandIn)}
        assert stand_ins == set(not_served), part


def test_the_modules_inside_are_the_same():
    rnn = faces.resolve("tensorflow.contrib.rnn")
    cell = faces.resolve("tensorflow.nn.rnn_cell").BasicLSTMCell
    assert cell is rnn.BasicLSTMCell
    assert faces.resolve("tensorflow.python.ops.rnn_cell_impl").BasicLSTMCell is cell
    inside = faces.resolve("tensorflow.contrib.rnn.python.ops.core_rnn_cell")
    assert inside._linear is rnn._linear and inside.EmbeddingWrapper is rnn.EmbeddingWrapper
    assert faces.resolve("tensorflow.contrib.rnn.python.ops.rnn_cell").UGRNNCell is rnn.UGRNNCell


def test_a_cell_knows_its_variables_and_those_inside():
    with TF.Graph().as_default():
        cells = [TF.nn.rnn_cell.LSTMCell(2), TF.contrib.rnn.UGRNNCell(2)]
        stack = TF.nn.rnn_cell.DropoutWrapper(TF.nn.rnn_cell.MultiRNNCell(cells))
        stack(TF.zeros([1, 2]), stack.zero_state(1, TF.float32))
        names = [v.op.name.partition("/")[2] for v in stack.trainable_variables]
        lstm, ugrnn = "cell_0/lstm_cell", "cell_1/ugrnn_cell"
        assert names == [f"{c}/{w}" for c in (lstm, ugrnn) for w in ("kernel", "bias")]
        assert stack.non_trainable_weights == [] and len(stack.variables) == 4


def test_the_tensors_of_a_plain_lstm_have_their_old_names():
    names = {
        "BasicLSTMCell": ["basic_lstm_cell/Add_1:0", "basic_lstm_cell/Mul_2:0"],
        "IndyLSTMCell": ["indy_lstm_cell/Add_2:0", "indy_lstm_cell/Mul_3:0"],
        "LSTMCell": ["lstm_cell/add_1:0", "lstm_cell/mul_2:0"],
    }
    for kind, its in names.items():
        with TF.Graph().as_default():
            cell = getattr(TF.contrib.rnn, kind)(3)
            _, state = cell(TF.zeros([2, 3]), cell.zero_state(2, TF.float32))
            assert [state.c.name, state.h.name] == its, kind


def test_dropped_values_stay_dropped_over_time_where_that_is_asked():
    with TF.Graph().as_default(), TF.Session() as session:
        cell = TF.nn.rnn_cell.DropoutWrapper(
            TF.nn.rnn_cell.BasicRNNCell(64),
            output_keep_prob=0.5,
            variational_recurrent=True,
            dtype=TF.float32,
        )
        outputs, _ = TF.nn.dynamic_rnn(cell, TF.ones([2, 6, 3]), dtype=TF.float32)
        session.run(TF.global_variables_initializer())
        dropped = session.run(outputs) == 0
    assert (dropped == dropped[:1, :1]).all() and 12 < dropped[0, 0].sum() < 52  # 32, within 5 deviations


ERRORS = (  # an expression, the error, what it says
    ("R.MultiRNNCell([])", ValueError, "at least one cell"),
    ("R.MultiRNNCell(R.GRUCell(3))", TypeError, "must be a list or tuple"),
    ("R.MultiRNNCell([R.LSTMCell(3)], False)", ValueError, "state_is_tuple is not set"),
    (
        "step(R.GRUCell(3), tf.cast(x, tf.int32), zeros(3))",
        ValueError,
        "floating point inputs, but saw .*int32",
    ),
    ("R.GRUCell(3, dtype=tf.int32)", ValueError, "floating point inputs"),
    ("step(R.GRUCell(3), xs)", ValueError, "expected ndim=2, found ndim=3"),
    ("step(R.GRUCell(3), tf.placeholder(tf.float32, [3, None]))", ValueError, "to be known"),
    ("R.DropoutWrapper(R.GRUCell(3), 1.5)", ValueError, "input_keep_prob must be between 0 and 1"),
    ("R.DropoutWrapper(R.GRUCell(3), 0.5, variational_recurrent=True)", ValueError, "dtype must be provided"),
    ("R.DropoutWrapper(3)", TypeError, "is not an RNNCell: it lacks output_size, state_size"),
    ("R.GRUCell(3).get_initial_state()", ValueError, "give both, or inputs"),
    ("R.RNNCell().zero_state(1, tf.float32)", NotImplementedError, "has no state_size"),
    ("step(R.ResidualWrapper(R.GRUCell(3)))", ValueError, "incompatible"),
    ("step(R.GRUCell(3, reuse=True))", ValueError, "does not exist"),
    ("R.GRUCell(3, foo=1)", TypeError, "not understood: foo"),
    ("C.GridLSTMCell(3)", ValueError, "Must specify num_frequency_blocks"),
    ("C.stack_bidirectional_rnn([], 3, steps)", ValueError, "cells_fw must be .*cells_bw must be"),
    ("C.OutputProjectionWrapper(R.GRUCell(3), 0)", ValueError, "output_size must be > 0"),
    ("S.dynamic_decode(3)", TypeError, "to be type Decoder"),
    ("S.TrainingHelper(xs, 3)", ValueError, "to be a vector"),
    ("S.AttentionWrapper(R.GRUCell(3), 3)", TypeError, "must be an AttentionMechanism"),
    ("S.BahdanauMonotonicAttention(3, xs)", NotServedError, "not served"),
)


def test_what_cannot_be_says_what_was_given_and_what_is_taken():
    for program, error, said in ERRORS:
        with TF.Graph().as_default(), pytest.raises(error, match=said):
            eval(program, {**tf_rnn_cases.environment(TF), "S": TF.contrib.seq2seq})
