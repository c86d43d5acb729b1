"""Where variables are placed."""

import itertools

import tensorflow as tf


class VariableDeviceChooser:
    """A device function that spreads variables over parameter servers, one after the other.

    Args:
      num_tasks: how many servers there are; with 0 all variables go to one device of this machine.
      job_name: the job of the servers.
      device_type: "CPU" or "GPU".
      device_index: which of these devices; None leaves it open.
      replica: the number of the replica; None leaves it open.
    """

    def __init__(
        self,
        num_tasks: int = 0,
        job_name: str = "ps",
        device_type: str = "CPU",
        device_index: int | None = 0,
        replica: int | None = None,
    ):
        self._device = tf.DeviceSpec(replica=replica, device_type=device_type, device_index=device_index)
        self._servers = itertools.cycle(
            [self._device.replace(job=job_name, task=task) for task in range(num_tasks)] or [self._device]
        )

    def __call__(self, op: tf.Operation) -> str:
        del op
        return next(self._servers).to_string()
