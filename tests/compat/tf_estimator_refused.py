"""Misuses of tf.estimator, and the kind of error that each is, in Python 3.7 too."""

import numpy as np

from tests.compat.tf_estimator_support import X, Y, dataset, made


def refused(tf, folder):
    """The kind of error that each misuse is, by its words here."""
    estimator, spec, given = made(tf, folder), tf.estimator.EstimatorSpec, dataset(tf)
    export, hook = tf.estimator.export, tf.train.SessionRunHook()
    one, many, elsewhere = tf.constant(1.0), tf.constant([1.0, 2.0]), None
    with tf.Graph().as_default():
        elsewhere = tf.constant(1.0)
    train = lambda model_fn, **more: tf.estimator.Estimator(model_fn, folder, **more).train(given, steps=1)  # noqa: E731
    config, feed = tf.estimator.RunConfig, tf.estimator.inputs.numpy_input_fn
    scope = dict(locals(), tf=tf, np=np, X=X, Y=Y)
    found = {}
    for expression in REFUSED:
        try:
            eval(expression, scope)
            found[expression] = "nothing"
        except Exception as error:  # noqa: BLE001 - of whatever kind it is
            names = [kind.__name__ for kind in type(error).__mro__]
            found[expression] = next(name for name in names if name in KINDS)
    return found


KINDS = ("AttributeError", "KeyError", "TypeError", "ValueError", "Exception")
REFUSED = (  # expressions of what `refused` has
    "spec('train')",
    "spec('train', loss=one)",
    "spec('eval', predictions=one)",
    "spec('infer', loss=one)",
    "spec('eval', loss=many)",
    "spec('eval', loss='x')",
    "spec('eval', loss=elsewhere)",
    "spec('train', loss=one, train_op=elsewhere)",
    "spec('train', loss=one, train_op='op')",
    "spec('infer', predictions={'a': 1})",
    "spec('infer', predictions='a')",
    "spec('eval', loss=one, eval_metric_ops=[one])",
    "spec('eval', loss=one, eval_metric_ops={'a': one})",
    "spec('eval', loss=one, eval_metric_ops={'a': (one,)})",
    "spec('eval', loss=one, evaluation_hooks=['x'])",
    "spec('eval', loss=one, scaffold='x')",
    "spec('infer', predictions=one, export_outputs=[1])",
    "spec('infer', predictions=one, export_outputs={'a': one})",
    "spec('infer', predictions=one, export_outputs=dict.fromkeys('ab', export.PredictOutput(one)))",
    "spec('eval', loss=one)._replace(mode='train')",
    "tf.estimator.Estimator(None)",
    "tf.estimator.Estimator(lambda labels: 0)",
    "tf.estimator.Estimator(lambda features, what: 0)",
    "tf.estimator.Estimator(lambda features: 0, params={'a': 1})",
    "tf.estimator.Estimator(lambda features: 0, 'a', config(model_dir='b'))",
    "tf.estimator.Estimator(lambda features: 0, config='x')",
    "tf.estimator.Estimator(lambda features: 0, warm_start_from=3)",
    "tf.estimator.WarmStartSettings('')",
    "train(lambda features: 0)",
    "train(lambda features, labels: 0)",
    "estimator.train(given, steps=0)",
    "estimator.train(given, steps=-1)",
    "estimator.train(given, max_steps=0)",
    "estimator.train(given, steps=1, max_steps=1)",
    "estimator.train(given, steps=1, hooks=['x'])",
    "estimator.train(given, steps=1, saving_listeners=['x'])",
    "estimator.train(lambda: (1, 2, 3), steps=1)",
    "estimator.train(lambda what: (X, Y), steps=1)",
    "estimator.train(None, steps=1)",
    "estimator.evaluate(given, steps=0)",
    "estimator.evaluate(given, steps=-1)",
    "estimator.evaluate(given, steps=1, hooks=['x'])",
    "estimator.evaluate(given, steps=1, checkpoint_path='nowhere')",
    "next(estimator.predict(given, ['nope']))",
    "next(estimator.predict(given, hooks=['x']))",
    "estimator.get_variable_names()",
    "estimator.get_variable_value('line/w')",
    "estimator.export_saved_model('x', lambda: 0)",
    "config(save_checkpoints_steps=1, save_checkpoints_secs=1)",
    "config(model_dir='')",
    "config(save_summary_steps=-1)",
    "config(keep_checkpoint_max=-1)",
    "config(log_step_count_steps=0)",
    "config(tf_random_seed=1.5)",
    "config(session_config='x')",
    "config(nope=1)",
    "config().replace(task_id=1)",
    "config().replace(save_checkpoints_steps=1, save_checkpoints_secs=1)",
    "tf.estimator.TrainSpec(given, max_steps=0)",
    "tf.estimator.TrainSpec('x')",
    "tf.estimator.TrainSpec(given, hooks=['x'])",
    "tf.estimator.EvalSpec('x')",
    "tf.estimator.EvalSpec(given, steps=0)",
    "tf.estimator.EvalSpec(given, name=3)",
    "tf.estimator.EvalSpec(given, start_delay_secs=-1)",
    "tf.estimator.EvalSpec(given, throttle_secs=-1)",
    "tf.estimator.EvalSpec(given, exporters='x')",
    "tf.estimator.EvalSpec(given, exporters=[tf.estimator.FinalExporter('a', None)] * 2)",
    "tf.estimator.train_and_evaluate(1, tf.estimator.TrainSpec(given), tf.estimator.EvalSpec(given))",
    "tf.estimator.train_and_evaluate(estimator, 1, tf.estimator.EvalSpec(given))",
    "tf.estimator.train_and_evaluate(estimator, tf.estimator.TrainSpec(given), 1)",
    "tf.estimator.LatestExporter('a', None, exports_to_keep=0)",
    "tf.estimator.BestExporter('a', None, compare_fn=None)",
    "tf.estimator.BestExporter('a', None, compare_fn=lambda a, b: 0)",
    "feed(X)",
    "feed('x', shuffle=False)()",
    "feed({}, shuffle=False)()",
    "feed(X, {}, shuffle=False)()",
    "feed({'a': X}, {'a': Y}, shuffle=False)()",
    "feed(X, Y[:3], shuffle=False)()",
    "export.ClassificationOutput()",
    "export.ClassificationOutput(scores='x')",
    "export.ClassificationOutput(classes=one)",
    "export.RegressionOutput(tf.constant('x'))",
    "export.PredictOutput({1: one})",
    "export.PredictOutput({'a': 1})",
    "export.ServingInputReceiver(None, one)",
    "export.ServingInputReceiver({'a': one}, None)",
    "export.ServingInputReceiver({'a': 1}, one)",
    "export.ServingInputReceiver({'a': one}, 1)",
    "export.ServingInputReceiver({'a': one}, one, one)",
    "export.TensorServingInputReceiver({'a': one}, one)",
    "tf.estimator.add_metrics(estimator, lambda what: {})",
    "tf.estimator.experimental.make_early_stopping_hook(estimator, None)",
    "tf.estimator.experimental.make_early_stopping_hook('x', lambda: True)",
    "tf.estimator.experimental.make_early_stopping_hook(estimator, lambda: True, 1, 1)",
    "tf.estimator.experimental.InMemoryEvaluatorHook(estimator, given, every_n_iter=0)",
    "tf.contrib.tpu.TPUEstimatorSpec('train', loss=one)",
    "tf.contrib.tpu.TPUEstimatorSpec('eval', loss=one, eval_metrics=3)",
    "tf.contrib.tpu.TPUEstimatorSpec('eval', loss=one, host_call=(3, []))",
    "tf.contrib.tpu.TPUEstimator(lambda features: 0, config=config(), use_tpu=False)",
    "tf.contrib.tpu.TPUEstimator(lambda features, params: 0, config=tf.contrib.tpu.RunConfig(), use_tpu=False"
    ", params={'batch_size': 1})",
)
