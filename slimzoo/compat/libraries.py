"""TensorFlow and NumPy as an old program expects them: names of today, and names that went. Data only."""

import tomllib
from importlib import resources

from slimzoo.compat.estimators import ESTIMATORS
from slimzoo.compat.modules import Row
from slimzoo.compat.tf_rows import laid_under

OURS = (  # of graphs.py
    *("ensure_shape", "get_variable", "ones", "placeholder", "placeholder_with_default"),
    *("sparse_placeholder", "variable_scope", "zeros"),
)
SHAPED = (  # of shapes.py
    *("atrous_conv2d_transpose", "conv1d_transpose", "conv2d_backprop_input", "conv2d_transpose"),
)
RNN_CELLS = (  # of tf.nn; tf.contrib.rnn has more
    *("BasicLSTMCell", "BasicRNNCell", "DeviceWrapper", "DropoutWrapper", "GRUCell", "LSTMCell"),
    *("LSTMStateTuple", "MultiRNNCell", "RNNCell", "ResidualWrapper"),
)
_CONTRIB = "slimzoo.compat.tf_contrib."
_TENSORFLOW = Row(
    sources=("tensorflow.compat.v1", "tensorflow"),
    names={
        "__file__": "tensorflow.__file__",
        "__version__": "tensorflow.__version__",
        **{name: f"slimzoo.compat.graphs.{name}" for name in OURS},
    },
    gone={
        "models": "slimzoo's own `nets`, `datasets`, `preprocessing` and `deployment`",
    },
)

_NUMPY_ERRORS = (
    *("AxisError", "ComplexWarning", "ModuleDeprecationWarning", "RankWarning", "TooHardError"),
    "VisibleDeprecationWarning",
)
_NUMPY = Row(
    sources=("numpy",),
    names={
        "__file__": "numpy.__file__",
        "__version__": "numpy.__version__",
        **{name: f"builtins.{name}" for name in ("bool", "complex", "float", "int", "object", "str")},
        "long": "builtins.int",
        "unicode": "builtins.str",
        **dict.fromkeys(("Inf", "Infinity", "PINF", "infty"), "numpy.inf"),
        "NaN": "numpy.nan",
        "NAN": "numpy.nan",
        **{name: f"slimzoo.compat.numpy_names.{name}" for name in ("NINF", "NZERO", "PZERO", "alen")},
        **{name: f"numpy.exceptions.{name}" for name in _NUMPY_ERRORS},
        "alltrue": "numpy.all",
        "asfarray": "slimzoo.compat.numpy_names.asfarray",
        "asscalar": "slimzoo.compat.numpy_names.asscalar",
        "bool8": "numpy.bool_",
        "byte_bounds": "numpy.lib.array_utils.byte_bounds",
        "bytes0": "numpy.bytes_",
        "cfloat": "numpy.complex128",
        "clongfloat": "numpy.clongdouble",
        "complex_": "numpy.complex128",
        "cumproduct": "numpy.cumprod",
        "float_": "numpy.float64",
        "fromstring": "slimzoo.compat.numpy_names.fromstring",
        "in1d": "slimzoo.compat.numpy_names.in1d",
        "int0": "numpy.intp",
        "issubclass_": "builtins.issubclass",
        "issubsctype": "numpy.issubdtype",
        "longcomplex": "numpy.clongdouble",
        "longfloat": "numpy.longdouble",
        "mat": "numpy.asmatrix",
        "math": "math",
        "msort": "slimzoo.compat.numpy_names.msort",
        "object0": "numpy.object_",
        "product": "numpy.prod",
        "round_": "numpy.round",
        "singlecomplex": "numpy.complex64",
        "sometrue": "numpy.any",
        "str0": "numpy.str_",
        "string_": "numpy.bytes_",
        "trapz": "numpy.trapezoid",
        "typeDict": "numpy.sctypeDict",
        "uint0": "numpy.uintp",
        "unicode_": "numpy.str_",
        "void0": "numpy.void",
    },
    gone={
        **dict.fromkeys(
            ("fv", "ipmt", "irr", "mirr", "nper", "npv", "pmt", "ppmt", "pv", "rate"),
            "the package numpy_financial",
        ),
        "cast": "np.asarray(a, dtype)",
        "find_common_type": "np.result_type or np.promote_types",
        "maximum_sctype": "the type itself: np.float64, np.int64",
        "obj2sctype": "np.dtype(x).type",
        "recfromcsv": "np.genfromtxt(..., delimiter=',')",
        "recfromtxt": "np.genfromtxt",
        "safe_eval": "ast.literal_eval",
        "sctypes": "np.sctypeDict",
        "set_string_function": "np.set_printoptions",
    },
)

with resources.files("slimzoo.compat").joinpath("inside_tensorflow.toml").open("rb") as _file:
    INSIDE_TENSORFLOW: dict[str, dict[str, str]] = tomllib.load(_file)

_ROWS: dict[str, Row] = {
    **{module: Row((module,), moved) for module, moved in INSIDE_TENSORFLOW.items()},
    **ESTIMATORS,
    "tensorflow": _TENSORFLOW,
    "tensorflow.compat": Row(("tensorflow.compat",)),
    "tensorflow.compat.v1": _TENSORFLOW,
    "tensorflow.examples": Row(gone={"saved_model": "tf.saved_model's own guide"}),
    "tensorflow.examples.tutorials": Row(),
    "tensorflow.examples.tutorials.mnist": Row(gone={"mnist": "a network of your own: slimzoo has lenet"}),
    "tensorflow.examples.tutorials.mnist.input_data": Row((_CONTRIB + "mnist",)),
    "tensorflow.layers": Row(("slimzoo.compat.tf_layers",)),
    "tensorflow.nn": Row(
        ("tensorflow.compat.v1.nn",), {name: f"slimzoo.compat.shapes.{name}" for name in SHAPED}
    ),
    "tensorflow.nn.rnn_cell": Row(names={name: f"slimzoo.compat.tf_rnn.{name}" for name in RNN_CELLS}),
    "tensorflow.pywrap_tensorflow": Row(
        names={"NewCheckpointReader": "tensorflow.compat.v1.train.NewCheckpointReader"}
    ),
    "numpy": _NUMPY,
}
LIBRARIES = laid_under(_ROWS)
SAME = {"tensorflow.compat.v1": "tensorflow"}  # one module under both names
