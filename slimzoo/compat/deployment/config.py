"""Which clone, which variable, which input goes to which device."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import tensorflow as tf

CPU = "/device:CPU:0"
VARIABLES = ("Variable", "VariableV2", "VarHandleOp")  # the ops that hold a variable


@dataclass(frozen=True)
class DeploymentConfig:
    """Where a network is placed: `num_clones` times in each of `num_replicas` processes.

    Attributes:
      num_clones: copies in this process, one a GPU.
      clone_on_cpu: all of them on the CPU instead.
      replica_id: the number of this process, from 0.
      num_replicas: how many processes train together.
      num_ps_tasks: how many processes hold the variables; 0: this one.
      worker_job_name: the job of the processes that train.
      ps_job_name: the job of the processes that hold variables.
    Raises: ValueError: they do not fit together; all reasons are listed.
    """

    num_clones: int = 1
    clone_on_cpu: bool = False
    replica_id: int = 0
    num_replicas: int = 1
    num_ps_tasks: int = 0
    worker_job_name: str = "worker"
    ps_job_name: str = "ps"

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def ps_device(self) -> str:
        """The job that holds the variables; "" if there is none."""
        return f"/job:{self.ps_job_name}" if self.num_ps_tasks else ""

    @property
    def worker_device(self) -> str:
        """The job that trains; "" without processes that hold the variables."""
        return f"/job:{self.worker_job_name}" if self.num_ps_tasks else ""

    def caching_device(self) -> Callable[..., str] | None:
        """Returns what caches variables where they are used, for tf.compat.v1.get_variable; or None."""
        return (lambda op: op.device) if self.num_ps_tasks else None

    def clone_device(self, clone_index: int) -> str:
        """Returns the device of a clone and of all its ops."""
        self._check(clone_index)
        return self.worker_device + (CPU if self.clone_on_cpu else f"/device:GPU:{clone_index}")

    def clone_scope(self, clone_index: int) -> str:
        """Returns the name scope of a clone: "" if it is the only one."""
        self._check(clone_index)
        return f"clone_{clone_index}" if self.num_clones > 1 else ""

    def optimizer_device(self) -> str:
        """Returns the device of the optimizer."""
        return self.worker_device + CPU if self.num_ps_tasks or self.num_clones else ""

    def inputs_device(self) -> str:
        """Returns the device where inputs are read."""
        return self.worker_device + CPU

    def variables_device(self) -> str | Callable[..., str]:
        """Returns the device of variables: a string, or a function that takes the tasks in turn."""
        if not self.num_ps_tasks:
            return CPU
        return tf.compat.v1.train.replica_device_setter(
            self.num_ps_tasks, ps_device=self.ps_device + CPU, worker_device="", ps_ops=VARIABLES
        )

    def _check(self, clone_index: int) -> None:
        if clone_index >= self.num_clones:
            raise ValueError(
                f"clone_index must be less than num_clones: it is {clone_index} of {self.num_clones}"
            )

    def _problems(self) -> Iterator[str]:
        if self.num_replicas > 1 and self.num_ps_tasks < 1:
            yield f"When using replicas num_ps_tasks must be positive, not {self.num_ps_tasks}"
        if self.num_replicas > 1 or self.num_ps_tasks > 0:
            if not self.worker_job_name:
                yield "Must specify worker_job_name when using replicas"
            if not self.ps_job_name:
                yield "Must specify ps_job_name when using parameter server"
        if self.replica_id >= self.num_replicas:
            yield f"replica_id must be less than num_replicas: it is {self.replica_id} of {self.num_replicas}"
