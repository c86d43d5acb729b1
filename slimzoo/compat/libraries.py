"""TensorFlow and NumPy as an old program expects them: names of today, and names that went. Data only."""

import tomllib
from importlib import resources

from slimzoo.compat.modules import Row

_TENSORFLOW = Row(
    sources=("tensorflow.compat.v1", "tensorflow"),
    names={
        "__file__": "tensorflow.__file__",
        "__version__": "tensorflow.__version__",
        "keras": "tensorflow.keras",
        "placeholder": "slimzoo.compat.graphs.placeholder",
        "sparse_placeholder": "slimzoo.compat.graphs.sparse_placeholder",
    },
    gone={
        "estimator": "slim.learning.train, tf.train.MonitoredTrainingSession, or keras.Model",
        "examples": "keras.datasets (mnist, cifar10, ...)",
        "models": "slimzoo's own `nets`, `datasets`, `preprocessing` and `deployment`",
        "pywrap_tensorflow": "tf.train.load_checkpoint, for its NewCheckpointReader",
    },
)

_LAYERS = Row(
    sources=("tensorflow.compat.v1.layers",),  # empty since Keras 3
    gone={
        "average_pooling2d": "slim.avg_pool2d",
        "batch_normalization": "slim.batch_norm",
        "conv1d": "slim.conv1d",
        "conv2d": "slim.conv2d",
        "conv2d_transpose": "slim.conv2d_transpose",
        "conv3d": "slim.conv3d",
        "dense": "slim.fully_connected",
        "dropout": "slim.dropout",
        "flatten": "slim.flatten",
        "max_pooling2d": "slim.max_pool2d",
        "separable_conv2d": "slim.separable_conv2d",
    },
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
        "NINF": "slimzoo.compat.numpy_names.NINF",
        "alltrue": "numpy.all",
        "asfarray": "slimzoo.compat.numpy_names.asfarray",
        "asscalar": "slimzoo.compat.numpy_names.asscalar",
        "bool8": "numpy.bool_",
        "cfloat": "numpy.complex128",
        "complex_": "numpy.complex128",
        "cumproduct": "numpy.cumprod",
        "float_": "numpy.float64",
        "fromstring": "slimzoo.compat.numpy_names.fromstring",
        "in1d": "slimzoo.compat.numpy_names.in1d",
        "issubclass_": "builtins.issubclass",
        "mat": "numpy.asmatrix",
        "msort": "slimzoo.compat.numpy_names.msort",
        "product": "numpy.prod",
        "round_": "numpy.round",
        "sometrue": "numpy.any",
        "string_": "numpy.bytes_",
        "trapz": "numpy.trapezoid",
        "unicode_": "numpy.str_",
    },
)

with resources.files("slimzoo.compat").joinpath("inside_tensorflow.toml").open("rb") as _file:
    INSIDE_TENSORFLOW: dict[str, dict[str, str]] = tomllib.load(_file)

LIBRARIES: dict[str, Row] = {
    **{module: Row((module,), moved) for module, moved in INSIDE_TENSORFLOW.items()},
    "tensorflow": _TENSORFLOW,
    "tensorflow.compat": Row(("tensorflow.compat",)),
    "tensorflow.compat.v1": _TENSORFLOW,
    "tensorflow.layers": _LAYERS,
    "numpy": _NUMPY,
}
SAME = {"tensorflow.compat.v1": "tensorflow"}  # one module under both names
