"""Clones share variables, average losses and sum gradients; devices and names are those of the original."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.compat.deployment import model_deploy
from tests.slim.support import graph_session, v1

CPU = "/device:CPU:0"
LABELS = np.random.RandomState(0).randint(0, 2, (16, 1)).astype(np.float32)
INPUTS = np.eye(4, dtype=np.float32)[(2 * LABELS[:, 0]).astype(int) + np.arange(16) % 2]


def classifier(inputs, labels):
    with v1.variable_scope(None, "Classifier", [inputs]):
        net = slim.batch_norm(inputs, decay=0.1, fused=True)
        found = slim.fully_connected(
            net,
            1,
            activation_fn=tf.sigmoid,
            weights_regularizer=slim.l2_regularizer(0.01),
            scope="fully_connected",
        )
        v1.losses.log_loss(labels, found)
        return found


def linear(inputs, labels):
    found = slim.fully_connected(inputs, 1, activation_fn=None, scope="fc")
    v1.losses.mean_squared_error(labels, found)


def devices(config):
    ends = config.clone_device(0), config.optimizer_device(), config.inputs_device()
    return (*ends, config.variables_device())


def test_devices_are_those_of_the_original():
    config = model_deploy.DeploymentConfig
    assert devices(config()) == ("/device:GPU:0", CPU, CPU, CPU)
    assert devices(config(clone_on_cpu=True)) == (CPU, CPU, CPU, CPU)
    two = config(num_clones=2, num_ps_tasks=1, num_replicas=2)
    worker = "/job:worker"
    assert devices(two)[:3] == (f"{worker}/device:GPU:0", worker + CPU, worker + CPU)
    assert (two.clone_device(1), two.clone_scope(1)) == (f"{worker}/device:GPU:1", "clone_1")
    assert (two.ps_device, two.worker_device) == ("/job:ps", worker)
    assert config().clone_scope(0) == "" and config().caching_device() is None
    assert (config().ps_device, config().worker_device) == ("", "")


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_go_round_the_parameter_servers(use_resource):
    config = model_deploy.DeploymentConfig(num_ps_tasks=2)
    with tf.Graph().as_default():
        with v1.device(config.variables_device()):
            made = [v1.get_variable(name, [], use_resource=use_resource) for name in "abc"]
            other = tf.no_op()
        assert [v.device for v in made] == [f"/job:ps/task:{task}{CPU}" for task in (0, 1, 0)]
        assert other.device == ""


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(
        ValueError, match=r"num_ps_tasks must be positive, not 0; .*less than num_replicas.* 3 of 2"
    ):
        model_deploy.DeploymentConfig(num_replicas=2, replica_id=3)
    with pytest.raises(ValueError, match=r"worker_job_name.*; Must specify ps_job_name"):
        model_deploy.DeploymentConfig(num_ps_tasks=1, worker_job_name="", ps_job_name="")
    with pytest.raises(ValueError, match="clone_index must be less than num_clones: it is 1 of 1"):
        model_deploy.DeploymentConfig().clone_device(1)


@pytest.mark.parametrize("ps_tasks", [0, 2])
def test_clones_have_scopes_of_their_own_and_variables_in_common(ps_tasks):
    config = model_deploy.DeploymentConfig(num_clones=2, num_ps_tasks=ps_tasks)
    with tf.Graph().as_default():
        clones = model_deploy.create_clones(config, classifier, [tf.constant(INPUTS), tf.constant(LABELS)])
        assert [clone.outputs.op.name for clone in clones] == [
            f"clone_{i}/Classifier/fully_connected/Sigmoid" for i in range(2)
        ]
        assert [(clone.scope, clone.device) for clone in clones] == [
            (f"clone_{i}/", config.clone_device(i)) for i in range(2)
        ]
        names = [variable.op.name for variable in slim.get_variables()]
        assert len(names) == 5 and not any(name.startswith("clone") for name in names)
        jobs = [f"/job:ps/task:{i % 2}" if ps_tasks else "" for i in range(5)]
        assert [variable.device for variable in slim.get_variables()] == [job + CPU for job in jobs]
        for clone in clones:
            assert len(v1.get_collection("update_ops", clone.scope)) == 2
            assert len(v1.get_collection("losses", clone.scope)) == 1


def test_one_clone_has_no_scope():
    with tf.Graph().as_default():
        (clone,) = model_deploy.create_clones(
            model_deploy.DeploymentConfig(),
            classifier,
            kwargs={"inputs": tf.constant(INPUTS), "labels": LABELS},
        )
        assert (clone.scope, clone.device) == ("", "/device:GPU:0")
        assert clone.outputs.op.name == "Classifier/fully_connected/Sigmoid"


def gradients(num_clones):
    """Returns loss and gradients of a network whose clones get a part of the batch each."""
    with graph_session() as session:
        parts = iter(np.split(np.arange(16), num_clones))

        def model_fn():
            rows = next(parts)
            linear(tf.constant(INPUTS[rows]), tf.constant(LABELS[rows]))

        v1.losses.add_loss(tf.constant(0.5), "regularization_losses")
        config = model_deploy.DeploymentConfig(num_clones=num_clones, clone_on_cpu=True)
        clones = model_deploy.create_clones(config, model_fn)
        loss, pairs = model_deploy.optimize_clones(clones, v1.train.GradientDescentOptimizer(1.0))
        assert loss.op.name == "total_loss"
        session.run(v1.global_variables_initializer())
        for variable in slim.get_variables():
            session.run(variable.assign(np.full(variable.shape, 0.25)))
        return session.run([loss, [gradient for gradient, _ in pairs]])


@pytest.mark.parametrize("num_clones", [2, 4])
def test_gradients_of_clones_equal_those_of_one_on_the_whole_batch(num_clones):
    loss, whole = gradients(1)
    loss_of_clones, summed = gradients(num_clones)
    np.testing.assert_allclose(loss_of_clones, loss, rtol=1e-6)  # float32, summed in another order
    for one, many in zip(whole, summed, strict=True):
        np.testing.assert_allclose(many, one, rtol=1e-6)


def test_training_lowers_the_loss_and_updates_the_averages():
    with graph_session() as session:
        v1.set_random_seed(0)
        config = model_deploy.DeploymentConfig(num_clones=2, clone_on_cpu=True)
        optimizer = v1.train.GradientDescentOptimizer(1.0)
        inputs = tf.constant(INPUTS), tf.constant(LABELS)
        model = model_deploy.deploy(config, classifier, inputs, optimizer=optimizer, summarize_gradients=True)
        assert (model.total_loss.op.name, model.train_op.op.name) == ("total_loss", "train_op")
        assert model.summary_op.op.name == "summary_op/summary_op" and len(model.clones) == 2
        assert {tensor.device for tensor in model.summary_op.op.inputs} == {CPU}
        session.run(v1.global_variables_initializer())
        losses = [session.run(model.train_op) for _ in range(11)]
        assert losses[-1] < losses[0] / 3
        (mean,) = slim.get_variables_by_name("moving_mean")
        # ten and one updates with decay 0.1 leave 1e-11 of the initial zeros
        np.testing.assert_allclose(session.run(mean), INPUTS.mean(0), rtol=1e-5)
        assert session.run(slim.get_global_step()) == 11
        tags = {value.tag for value in v1.Summary.FromString(session.run(model.summary_op)).value}
        assert {"total_loss_1", "Classifier/fully_connected/weights_gradient"} <= tags


def test_without_an_optimizer_there_is_a_loss_and_no_training():
    with graph_session() as session:
        config = model_deploy.DeploymentConfig(num_clones=2, clone_on_cpu=True)
        model = model_deploy.deploy(config, classifier, [tf.constant(INPUTS), tf.constant(LABELS)])
        assert model.train_op is None and model.summary_op is not None
        session.run(v1.global_variables_initializer())
        assert np.isfinite(session.run(model.total_loss))
        assert slim.get_global_step() is None


def test_without_any_loss_there_is_nothing_to_optimize():
    def no_loss():
        return slim.variable("v", [])

    with tf.Graph().as_default():
        config = model_deploy.DeploymentConfig(clone_on_cpu=True)
        assert model_deploy.deploy(config, no_loss).total_loss is None
    with tf.Graph().as_default(), pytest.raises(ValueError, match="none of the 1 clones has a loss"):
        model_deploy.deploy(config, no_loss, optimizer=v1.train.GradientDescentOptimizer(1.0))
