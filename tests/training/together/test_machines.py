"""TF_CONFIG says which machines train together; everything that is wrong with it is said at once."""

import json

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.training.together.machines import Machines, find, of_tf_config

TWO = ["a:1", "b:1"]


def config(cluster, kind="worker", index=0):
    return {"cluster": cluster, "task": {"type": kind, "index": index}}


def test_workers_are_numbered_in_order_and_a_chief_is_the_first():
    assert of_tf_config(json.dumps(config({"worker": TWO}, index=1))) == Machines(("a:1", "b:1"), 1)
    both = {"chief": ["c:1"], "worker": TWO}
    assert of_tf_config(json.dumps(config(both, index=1))) == Machines(("c:1", "a:1", "b:1"), 2)
    assert of_tf_config(json.dumps(config(both, "chief"))).index == 0


def test_an_index_may_be_a_text_as_templates_of_jobs_write_it():
    assert of_tf_config(json.dumps(config({"worker": TWO}, index="1"))).index == 1


@pytest.mark.parametrize(
    "text", ["", "{}", '{"task": {}}', json.dumps(config({"worker": ["a:1"]}))], ids=lambda text: text[:12]
)
def test_one_machine_trains_alone(text):
    assert find("auto", {"TF_CONFIG": text}) is None


def test_none_heeds_no_tf_config_and_auto_and_tf_config_do():
    environ = {"TF_CONFIG": json.dumps(config({"worker": TWO}))}
    assert find("none", environ) is None
    assert find("auto", environ) == find("tf_config", environ) == Machines(("a:1", "b:1"), 0)


@pytest.mark.parametrize(
    ("given", "said"),
    {
        "no JSON": ("{cluster:", "it is no JSON"),
        "a list": ([1], r"it is \[1\], and must be an object"),
        "no lists": (config({"worker": "a:1"}), "its worker is a:1, and must be a list"),
        "a server": (config({"worker": TWO, "ps": ["c:1"]}), "has 'ps', which nothing here is for"),
        "two chiefs": (config({"chief": TWO}), "it names 2 chiefs"),
        "no port": (config({"worker": ["a", "b:1"]}), "'a' is no host:port"),
        "a port too high": (config({"worker": ["a:65536", "b:1"]}), "'a:65536' is no host:port"),
        "named twice": (config({"worker": ["a:1", "a:1"]}), "a:1 is named twice"),
        "no task": ({"cluster": {"worker": TWO}}, "its task is None"),
        "another type": (config({"worker": TWO}, "chief"), "is a 'chief', and the cluster has worker"),
        "a type of no text": (config({"worker": TWO}, ["worker"]), "the cluster has worker"),
        "index too high": (config({"worker": TWO}, index=2), "it is 0 to 1"),
        "a negative index": (config({"worker": TWO}, index=-1), "it is 0 to 1"),
        "nested without end": ("[" * 100_000, "it is no JSON"),
        "no machine": (config({"worker": []}), "its list of workers is empty"),
        "no host, where a variable was empty": (config({"worker": ["a..b:1", "b:1"]}), "'a..b:1' is no host"),
        "IPv6": (config({"worker": ["[::1]:1", "b:1"]}), "a name or an IPv4 address"),
        "digits of another script": (config({"worker": ["a:\uff11", "b:1"]}), "is no host:port"),
        "one machine, spelt twice": (config({"worker": ["Host.:02", "host:2"]}), "host:2 is named twice"),
        "this machine, twice": (
            config({"worker": ["127.0.0.1:2", "localhost:2"]}),
            "localhost:2 is named twice: 127.0.0.1:2, localhost:2",
        ),
        "index too long": (config({"worker": TWO}, index="9" * 5000), "it is 0 to 1"),
        "a flag for an index": (config({"worker": TWO}, index=True), "it is 0 to 1"),
    }.values(),
)
def test_what_cannot_be_is_named_with_an_example(given, said):
    text = given if isinstance(given, str) else json.dumps(given)
    with pytest.raises(SlimzooError, match=said) as caught:
        find("auto", {"TF_CONFIG": text})
    assert '"index": 0}}' in str(caught.value)


def test_all_that_is_wrong_is_listed():
    with pytest.raises(SlimzooError) as caught:
        of_tf_config(json.dumps(config({"worker": ["a", "b:1", "b:1"]}, index=7)))
    assert all(said in str(caught.value) for said in ("'a' is no", "b:1 is named twice", "0 to 2"))


def test_what_should_name_the_machines_must_be_there():
    with pytest.raises(SlimzooError, match="needs the variable TF_CONFIG"):
        find("tf_config", {})
    with pytest.raises(SlimzooError, match=r"SLURM_PROCID.*start the command by srun"):
        find("slurm", {"SLURM_JOB_ID": "1"})
    with pytest.raises(SlimzooError, match="cluster is 'mpi'; allowed are auto"):
        find("mpi", {})


@pytest.fixture
def slurm(monkeypatch):
    """Sets the variables of the third of three tasks on two nodes, and others in their place."""

    def given(**others):
        plain = {
            "PROCID": "2",
            "STEP_NODELIST": "n[1-2]",
            "STEP_TASKS_PER_NODE": "2,1",
            "STEP_NUM_TASKS": "3",
        }
        for name, value in {**plain, **others}.items():
            monkeypatch.setenv(f"SLURM_{name}", value)

    return given


def test_slurm_names_a_port_for_each_task_of_a_node(slurm, monkeypatch):
    slurm()
    assert find("slurm") == Machines(("n1:8888", "n1:8889", "n2:8888"), 2)
    monkeypatch.setenv("SLURMD_NODENAME", "n1")
    with pytest.raises(SlimzooError, match=r"worker 2 \(n2:8888\), and it is on n1"):
        find("slurm")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROCID", "3"),  # none of 0 to 2
        ("PROCID", "-1"),
        ("PROCID", "first"),
        ("STEP_NODELIST", "n[1-"),
        ("STEP_NODELIST", "n1"),  # of two nodes' tasks
        ("STEP_TASKS_PER_NODE", "many"),
        ("STEP_TASKS_PER_NODE", "2"),
        ("STEP_TASKS_PER_NODE", "9999,1"),
        ("STEP_NUM_TASKS", "9"),
        ("STEP_NUM_TASKS", "-1"),
    ],
)
def test_variables_of_slurm_that_are_of_no_step_are_shown_with_what_to_do(slurm, name, value):
    slurm(**{name: value})
    with pytest.raises(SlimzooError, match="that is no step of a job") as caught:
        find("slurm")
    assert f"\n  SLURM_{name}={value}\n" in str(caught.value)
    assert "name the machines in TF_CONFIG" in str(caught.value)
