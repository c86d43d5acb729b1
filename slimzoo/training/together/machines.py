"""Which machines train together, and which of them this is: TF_CONFIG, or what Slurm says."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slimzoo.errors import SlimzooError, listing, shown, some

TF_CONFIG = "TF_CONFIG"
CHOICES = ("auto", "tf_config", "slurm", "none")
_LABEL = r"[\w-]{1,63}"
_ADDRESS = re.compile(rf"({_LABEL}(?:\.{_LABEL})*\.?):(\d{{1,5}})", re.ASCII)
_LOOPBACK = re.compile(r"localhost(\.localdomain)?|127(\.\d{1,3}){3}", re.ASCII)
_JOBS = ("chief", "worker")  # in this order they are numbered
_EXAMPLE = (
    '{"cluster": {"worker": ["host-0:2222", "host-1:2222"]}, "task": {"type": "worker", "index": 0}}, with '
    "another index on every machine"
)
_SLURM = ("SLURM_PROCID", "SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE", "SLURM_STEP_NUM_TASKS")
_MOST_TASKS = 1024  # of a node
SLURM_PORT = 8888  # of the first task on a node; the next has the next


@dataclass(frozen=True)
class Machines:
    """The processes that train together, "host:port" each; the first writes, and the others turn to it."""

    addresses: tuple[str, ...]
    index: int

    def __len__(self) -> int:
        return len(self.addresses)

    def name(self, index: int) -> str:
        """Returns what messages call the worker `index`."""
        return f"worker {index} ({self.addresses[index]})"

    def place(self, index: int) -> tuple[str, int]:
        """Returns host and port of the worker `index`."""
        host, _, port = self.addresses[index].rpartition(":")
        return host, int(port)


def find(cluster: str = "auto", environ: Mapping[str, str] | None = None) -> Machines | None:
    """Returns the machines that train together; None where this one trains alone.

    Args:
      cluster: "tf_config", "slurm", "none", or "auto": TF_CONFIG where it is set.
    Raises: SlimzooError: what should name them is not there, or names what cannot be.
    """
    environ = os.environ if environ is None else environ
    if cluster not in CHOICES:
        raise SlimzooError(f"cluster is {cluster!r}; allowed are {', '.join(CHOICES)}")
    text = environ.get(TF_CONFIG, "").strip()
    if cluster == "none" or (cluster == "auto" and not text):
        return None
    if cluster == "slurm":
        found: Machines | None = _of_slurm(environ)
    elif not text:
        raise SlimzooError(f"cluster='tf_config' needs the variable {TF_CONFIG}: {_EXAMPLE}")
    else:
        found = of_tf_config(text)
    return found if found and len(found) > 1 else None


def of_tf_config(text: str) -> Machines | None:
    """Returns what the value of TF_CONFIG says; None where it names no cluster.

    Raises: SlimzooError: everything that is wrong with it.
    """
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong([f"it is no JSON ({error}): {shown(text)}"]) from error
    if not isinstance(config, dict):
        raise _wrong([f"it is {shown(config)}, and must be an object"])
    cluster: Any = config.get("cluster")
    task: Any = config.get("task")
    if not cluster:
        return None
    if problems := _problems_of(cluster):
        raise _wrong(problems)
    machines = {job: [*cluster[job]] for job in _JOBS if cluster.get(job)}
    addresses = tuple(address for job in machines.values() for address in job)
    if problems := [*_problems_of_names(addresses), *_problems_of_task(task, machines)]:
        raise _wrong(problems)
    before = len(machines.get("chief", ())) if task["type"] == "worker" else 0
    return Machines(addresses, before + int(task["index"]))


def _problems_of(cluster: Any) -> list[str]:
    """Returns what keeps `cluster` from being lists of texts by job, of jobs that there are."""
    if not isinstance(cluster, dict):
        return [f"its cluster is {shown(cluster)}, and must be an object of lists"]
    problems = [
        f'its cluster has {shown(job)!r}, which nothing here is for: all machines are "worker" (and one may '
        'be "chief")'
        for job in cluster
        if job not in _JOBS
    ]
    for job in set(_JOBS) & cluster.keys():
        names = cluster[job]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            problems.append(f"its {job} is {shown(names)}, and must be a list of host:port")
        elif job == "worker" and not names and "chief" not in cluster:
            problems.append("its list of workers is empty")
        elif job == "chief" and len(names) != 1:
            problems.append(f"it names {len(names)} chiefs, and there is one")
    return problems


def _problems_of_names(addresses: tuple[str, ...]) -> list[str]:
    problems = [
        f"{shown(address)!r} is no host:port: a name or an IPv4 address, and 1 to 65535"
        for address in addresses
        if not (match := _ADDRESS.fullmatch(address)) or not 0 < int(match[2]) < 1 << 16
    ]
    spelt: dict[str, list[str]] = {}
    for address in addresses:
        spelt.setdefault(_told_apart(address), []).append(address)
    return problems + [
        f"{shown(name)} is named twice{'' if {*names} == {name} else f': {some(names)}'}"
        for name, names in spelt.items()
        if len(names) > 1
    ]


def _told_apart(address: str) -> str:
    """Returns `address` as every spelling of it is: Host.:02222 is host:2222, 127.0.0.1:1 localhost:1."""
    host, _, port = address.lower().rpartition(":")
    host = host.rstrip(".")
    return f"{'localhost' if _LOOPBACK.fullmatch(host) else host}:{port.lstrip('0')}"


def _problems_of_task(task: Any, machines: Mapping[str, list[str]]) -> list[str]:
    if not isinstance(task, dict) or "type" not in task or "index" not in task:
        return [f"its task is {shown(task)}: type and index must say which of the machines this is"]
    kind, index = task["type"], task["index"]
    if not isinstance(kind, str) or kind not in machines:
        return [f"this machine is a {shown(kind)!r}, and the cluster has {' and '.join(machines)}"]
    count = len(machines[kind])
    if isinstance(index, str) and re.fullmatch(r"\d{1,9}", index):  # as templates of jobs write it
        index = int(index)
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < count:
        return [
            f"the index of this machine is {shown(index)}; of {count} of type {kind} it is 0 to {count - 1}"
        ]
    return []


def _wrong(problems: list[str]) -> SlimzooError:
    headline = f"{TF_CONFIG} does not say which machines train together:"
    ending = f"It looks like {_EXAMPLE}; cluster='none' trains on this machine alone"
    return SlimzooError(f"{listing(headline, problems)}\n{ending}")


def _of_slurm(environ: Mapping[str, str]) -> Machines:
    """Returns the tasks of the step that srun started.

    Raises: SlimzooError: it started none.
    """
    if missing := [name for name in _SLURM if not environ.get(name)]:
        raise SlimzooError(
            f"cluster='slurm' reads what srun says, and there is no {', '.join(missing)}: start the command "
            "by srun inside of the job"
        )
    found = _resolved(environ)
    node = environ.get("SLURMD_NODENAME", found.place(found.index)[0])
    if found.place(found.index)[0] != node:
        raise SlimzooError(
            f"TensorFlow sorts Slurm's nodes by name, so that this task would be {found.name(found.index)}, "
            f"and it is on {node}: name the machines in {TF_CONFIG}, cluster='tf_config'"
        )
    return found


def _resolved(environ: Mapping[str, str]) -> Machines:
    """Returns the tasks as TensorFlow numbers them. Raises: SlimzooError: the variables are of no step."""
    import tensorflow as tf

    gpus = {"gpus_per_node": _MOST_TASKS, "gpus_per_task": 1}  # which are whose, Slurm says to each task
    try:
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=SLURM_PORT, auto_set_gpu=False, **gpus
        )
        addresses = tuple(resolver.cluster_spec().as_dict()["worker"])
        index = resolver.get_task_info()[1]
        why = "" if index is not None else f"of {len(addresses)} tasks this would be none"
    except (ValueError, RuntimeError) as error:  # all that TensorFlow raises of them
        addresses, index, why = (), None, str(error)
    if index is None:
        said = [f"{name}={shown(environ[name])}" for name in _SLURM]
        headline = f"cluster='slurm' reads what srun says, and that is no step of a job ({shown(why)}):"
        ending = f"Start the command by srun, or name the machines in {TF_CONFIG}, cluster='tf_config'"
        raise SlimzooError(f"{listing(headline, said)}\n{ending}")
    return Machines(addresses, index)
