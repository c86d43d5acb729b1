"""TensorFlow and NumPy as an old program expects them: names of today, and names that went. Data only."""

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

_V1 = "tensorflow.compat.v1."
_INSIDE = (
    "tensorflow" + ".python"
)  # old programs reach into it; these names moved, the others they find there


def _moved(module: str, **names: str) -> dict[str, Row]:
    """Returns the row of one module inside TensorFlow: itself, and what moved, by its public name."""
    name = f"{_INSIDE}{module}"
    return {name: Row((name,), names)}


_MOVED: dict[str, Row] = {
    **_moved(""),
    **_moved(".pywrap_tensorflow", NewCheckpointReader=_V1 + "train.NewCheckpointReader"),
    **_moved(".framework"),
    **_moved(
        ".framework.graph_util",
        convert_variables_to_constants=_V1 + "graph_util.convert_variables_to_constants",
        extract_sub_graph=_V1 + "graph_util.extract_sub_graph",
        remove_training_nodes=_V1 + "graph_util.remove_training_nodes",
        tensor_shape_from_node_def_name=_V1 + "graph_util.tensor_shape_from_node_def_name",
    ),
    **_moved(".framework.ops", Tensor="tensorflow.Tensor", IndexedSlices="tensorflow.IndexedSlices"),
    **_moved(".ops"),
    **_moved(".ops.array_ops", stack="tensorflow.stack", unstack="tensorflow.unstack"),
    **_moved(
        ".ops.control_flow_ops",
        Assert=_V1 + "Assert",
        case=_V1 + "case",
        cond=_V1 + "cond",
        while_loop=_V1 + "while_loop",
    ),
    **_moved(".ops.random_ops", random_crop=_V1 + "random_crop"),
}

LIBRARIES: dict[str, Row] = {
    **_MOVED,
    "tensorflow": _TENSORFLOW,
    "tensorflow.compat": Row(("tensorflow.compat",)),
    "tensorflow.compat.v1": _TENSORFLOW,
    "tensorflow.layers": _LAYERS,
    "numpy": _NUMPY,
}
SAME = {"tensorflow.compat.v1": "tensorflow"}  # one module under both names
