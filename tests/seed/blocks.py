"""The code blocks of the seed document: where each is, what fills its gaps, what is wrong in it.

Read by the tests, which run the blocks through slimzoo.compat, and by tools/seed_document.py, which runs them
under TensorFlow 1.15.5 as well: so this file and document.py keep to what Python 3.7 knows.
"""

BLOCKS = {  # name: (first line, last line) in the document
    "import": (9, 9),
    "variable": (25, 29),
    "model_variables": (34, 46),
    "custom_variable": (50, 53),
    "plain_layer": (65, 73),
    "slim_layer": (77, 78),
    "three_convolutions": (99, 103),
    "loop": (107, 110),
    "repeat": (114, 115),
    "stack_dense": (121, 127),
    "stack_convolutions": (131, 138),
    "repeated_arguments": (144, 152),
    "shared_defaults": (156, 173),
    "arg_scope": (177, 182),
    "nested_arg_scopes": (186, 195),
    "vgg16": (200, 220),
    "loss": (232, 243),
    "multi_task_losses": (248, 260),
    "custom_loss": (266, 283),
    "training_loop": (288, 306),
    "train_vgg16": (308, 341),
    "saver": (349, 366),
    "restore_in_part": (371, 396),
    "restore_renamed": (402, 419),
    "fine_tune": (425, 445),
    "metrics": (459, 464),
    "aggregate_metrics": (469, 478),
    "track_metrics": (480, 511),
    "evaluation_loop": (517, 557),
}

SLIM = "import tensorflow as tf\nimport tensorflow.contrib.slim as slim\n"  # the first block
NETS = SLIM + "import tensorflow.contrib.slim.nets as nets\nvgg = nets.vgg\n"
BEFORE = {  # block: the code that the document takes for granted there
    "import": "",
    "custom_variable": SLIM + "def CreateViaCustomCode():\n  return tf.get_variable('mine', [3])\n",
    "repeat": SLIM + "net = tf.zeros([1, 8, 8, 16])\n",
    "stack_dense": SLIM + "x = tf.zeros([2, 16])\n",
    "stack_convolutions": SLIM + "x = tf.zeros([1, 8, 8, 3])\n",
    "repeated_arguments": SLIM + "inputs = pictures(2, 96)[0]\n",
    "shared_defaults": SLIM + "inputs = pictures(2, 96)[0]\n",
    "arg_scope": SLIM + "inputs = pictures(2, 96)[0]\n",
    "nested_arg_scopes": SLIM + "inputs = pictures(2, 96)[0]\n",
    "vgg16": SLIM,
    "loss": SLIM,
    "multi_task_losses": SLIM
    + "def CreateMultiTaskModel(images):\n"
    + "  net = slim.flatten(images)\n"
    + "  scenes = slim.fully_connected(net, 20, weights_regularizer=slim.l2_regularizer(0.1))\n"
    + "  return scenes, slim.fully_connected(net, 1, activation_fn=None)\n",
    "custom_loss": SLIM
    + "def CreateMultiTaskModel(images):\n"
    + "  net = slim.flatten(images)\n"
    + "  scenes = slim.fully_connected(net, 20, weights_regularizer=slim.l2_regularizer(0.1))\n"
    + "  return scenes, slim.fully_connected(net, 1), slim.fully_connected(net, 2)\n"
    + "def MyCustomLossFunction(predictions, labels):\n"
    + "  return tf.reduce_mean(tf.abs(predictions - labels))\n",
    "training_loop": SLIM + "learning_rate = 0.01\n",
    "restore_renamed": SLIM
    + "for name in 'conv1/weights', 'conv1/bias':\n"
    + "  slim.model_variable(name, [2], initializer=tf.zeros_initializer())\n",
    "train_vgg16": "",
    "fine_tune": NETS,
    "metrics": SLIM + "def MyModel(images):\n  return tf.reduce_mean(images, [1, 2])\n",
    "aggregate_metrics": SLIM + "predictions = tf.constant([1.0, 2.0])\nlabels = tf.constant([1.5, 4.0])\n",
    "track_metrics": "",
    "evaluation_loop": "def MyModel(images):\n"
    + "  net = slim.flatten(tf.reduce_mean(images, [1, 2]))\n"
    + "  return tf.argmax(slim.fully_connected(net, 2, activation_fn=None), 1)\n",
}

FILLED = (  # (block, what the document leaves open, what stands there)
    ("plain_layer", "input = ...", "input = tf.ones([2, 8, 8, 64])"),
    ("slim_layer", "input = ...", "input = tf.ones([2, 8, 8, 64])"),
    ("three_convolutions", "net = ...", "net = tf.zeros([1, 8, 8, 16])"),
    ("loop", "net = ...", "net = tf.zeros([1, 8, 8, 16])"),
    ("loss", "images, labels = ...", "images, labels = pictures(2, 224, classes=1000)"),
    (
        "multi_task_losses",
        "images, scene_labels, depth_labels = ...",
        "images, scene_labels = pictures(2, 32)\ndepth_labels = tf.constant([[1.0], [2.0]])",
    ),
    (
        "custom_loss",
        "images, scene_labels, depth_labels, pose_labels = ...",
        "images, scene_labels = pictures(2, 32)\n"
        "depth_labels, pose_labels = tf.constant([[1.0], [2.0]]), tf.zeros([2, 2])",
    ),
    (
        "training_loop",
        "# Create the model and specify the losses...\n...",
        "images, labels = pictures(4, 16)\n"
        "logits = slim.fully_connected(slim.flatten(images), 20, activation_fn=None)\n"
        "slim.losses.softmax_cross_entropy(logits, labels)",
    ),
    ("training_loop", "logdir = ...", "logdir = folder"),
    ("train_vgg16", "\n...\n", "\n"),
    ("train_vgg16", "train_log_dir = ...", "train_log_dir = folder"),
    (
        "train_vgg16",
        "images, labels = ...",
        "images, labels = queued_pictures(1, 224, steps=3, classes=1000)",
    ),
    ("saver", 'tf.Variable(..., name="v1")', 'tf.Variable([1.0, 2.0], name="v1")'),
    ("saver", 'tf.Variable(..., name="v2")', 'tf.Variable([[3.0]], name="v2")'),
    ("saver", 'name="v2")\n...\n', 'name="v2")\n'),
    ("saver", "  ...", "  print(sess.run([v1, v2]))\n  restored = sess.run([v1, v2])"),
    ("restore_in_part", 'name="v1", ...)', 'name="v1", shape=[2])'),
    ("restore_in_part", 'name="nested/v2", ...)\n...', 'name="nested/v2", shape=[2])'),
    ("restore_in_part", "  ...", "  restored = sess.run(v2)"),
    ("fine_tune", "MyPascalVocDataLoader(...)", "one_queued_picture(224, examples=32, classes=1000)"),
    (
        "fine_tune",
        "create_train_op(...)",
        "create_train_op(\n"
        "    slim.losses.softmax_cross_entropy(predictions, labels),\n"
        "    tf.train.GradientDescentOptimizer(0.001))",
    ),
    ("metrics", "LoadTestData(...)", "pictures(2, 32, classes=3)"),
    ("track_metrics", "load_data(...)", "pictures(1, 224, classes=1000)"),
    ("evaluation_loop", "load_data(...)", "pictures(2, 32, classes=None)"),
    ("evaluation_loop", "output_dir = ...", "output_dir = folder"),
    ("evaluation_loop", "eval_interval_secs = ...", "eval_interval_secs = 1"),
)

SAVED: dict = {  # block: the variables of the checkpoint it restores
    "saver": {"v1": [5.0, 6.0], "v2": [[7.0]]},
    "restore_in_part": {"v1": [5.0, 6.0], "nested/v2": [7.0, 8.0]},
    "restore_renamed": {"conv1/params1": [5.0, 6.0], "conv1/params2": [7.0, 8.0]},
    "evaluation_loop": {
        "fully_connected/weights": [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]],
        "fully_connected/biases": [0.0, 0.0],
        "global_step": 0,
    },
}

PLACES = (  # (block, a path of the document, where the test keeps it)
    ("saver", '"/tmp/model.ckpt"', "checkpoint"),
    ("restore_in_part", '"/tmp/model.ckpt"', "checkpoint"),
    ("restore_renamed", '"/tmp/model.ckpt"', "checkpoint"),
    ("fine_tune", "'/path/to/pre_trained_on_imagenet.checkpoint'", "checkpoint"),
    ("fine_tune", "'/path/to/my_pascal_model_dir/'", "folder"),
)

BOTH = "both ways at once make one variable twice: Variable {} already exists"
TUPLE = "vgg_16 returns (logits, end_points), as the document's block on losses has it"
PYTHON2 = "a list in Python 2; session.run takes no dict_values"
RENAMED = "contrib.losses has no sum_of_squares; it became mean_squared_error"
ERRATA = (  # (block, change from, change to, why TensorFlow 1.15.5 itself refuses it)
    (
        "stack_dense",
        "# Equivalent,",
        "x = tf.zeros([2, 16])\ntf.get_variable_scope().reuse_variables()\n# Equivalent,",
        BOTH.format("fc/fc_1/weights"),
    ),
    (
        "stack_convolutions",
        "# Using stack:",
        "x = tf.zeros([1, 8, 8, 3])\ntf.get_variable_scope().reuse_variables()\n# Using stack:",
        BOTH.format("core/core_1/weights"),
    ),
    ("arg_scope", "stddev=0.01)\n", "stddev=0.01),\n", "a missing comma: SyntaxError"),
    (
        "nested_arg_scopes",
        "[11, 11], 4, padding",
        "[11, 11], stride=4, padding",
        "convolution2d() got multiple values for argument 'stride'",
    ),
    ("multi_task_losses", "sum_of_squares(", "mean_squared_error(", RENAMED),
    ("custom_loss", "sum_of_squares(", "mean_squared_error(", RENAMED),
    ("training_loop", "save_interval_secs=600):", "save_interval_secs=600)", "a colon too much: SyntaxError"),
    ("train_vgg16", "predictions = vgg", "predictions, _ = vgg", TUPLE),
    ("fine_tune", "predictions = vgg", "predictions, _ = vgg", TUPLE),
    ("fine_tune", "= assign_from", "= slim.assign_from", "name 'assign_from_checkpoint_fn' is not defined"),
    (
        "metrics",
        "relative_error(predictions, labels)",
        "relative_error(predictions, labels, tf.ones_like(labels))",
        "streaming_mean_relative_error() missing 1 required positional argument: 'normalizer'",
    ),
    (
        "metrics",
        "metrics.percentage_less(mean_relative_errors,",
        "metrics.streaming_percentage_less(tf.abs(predictions - labels),",
        "contrib.metrics has no percentage_less, and mean_relative_errors is not defined",
    ),
    ("track_metrics", "predictions = vgg", "predictions, _ = vgg", TUPLE),
    ("track_metrics", "names_to_updates.values()", "list(names_to_updates.values())", PYTHON2),
    ("track_metrics", "names_to_values.values()", "list(names_to_values.values())", PYTHON2),
    (
        "evaluation_loop",
        "metrics.accuracy(",
        "metrics.streaming_accuracy(",
        "accuracy is one tensor, no pair of value and update",
    ),
    (
        "evaluation_loop",
        "metrics.precision(",
        "metrics.streaming_precision(",
        "contrib.metrics has no precision",
    ),
    (
        "evaluation_loop",
        "metrics.recall(mean_relative_errors, 0.3)",
        "metrics.streaming_recall(predictions, labels)",
        "contrib.metrics has no recall, and mean_relative_errors is not defined",
    ),
    ("evaluation_loop", "'local'", "''", "no session factory registered for the target 'local'"),
    ("evaluation_loop", "iteritems()", "items()", "'dict' object has no attribute 'iteritems'"),
    ("evaluation_loop", "names_to_updates.values()", "list(names_to_updates.values())", PYTHON2),
    (
        "evaluation_loop",
        "num_batches = math",
        "import math\nnum_batches = math",
        "name 'math' is not defined",
    ),
)
SHORTENED = (  # (block, change from, change to): minutes saved; tests marked slow run them in full
    ("track_metrics", "num_batches = 1000", "num_batches = 2"),
    ("fine_tune", "batch_size=32", "batch_size=2"),
    ("fine_tune", "examples=32", "examples=2"),
)
