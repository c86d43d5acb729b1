"""Another library's network, run in a process of its own: what crashes there is a message here.

PyTorch's CUDA build ends a process that has imported TensorFlow: loading triton's library is signal 11.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from slimzoo.converters import write_safetensors
from slimzoo.converters.source import TemporaryFolder, tensors_of
from slimzoo.errors import SlimzooError, listing, shown

# The files of a folder in which child.py finds what it is asked, and leaves what it answers.
REQUEST, WEIGHTS, IMAGES = "request.json", "weights.safetensors", "images.npy"
LOGITS, VERSIONS, DONE, SAID = "logits.npy", "versions.json", "done", "said.txt"
PATIENCE = 1800  # seconds; nasnet_large takes one minute on two cores, an import from a slow disk some more
_RUN = "import sys; sys.path[:] = {path!r}; from slimzoo.parity.child import main; main({call!r}, {folder!r})"
_ON_THE_CPU = {"CUDA_VISIBLE_DEVICES": "-1"}  # a GPU may compute in TF32, and its memory be taken
_NOTHING_PROVEN = "Nothing is proven; without --prove the file is converted nevertheless"
_LINES, _TAIL, _WIDTH = 8, 8_000, 300  # of what it said: lines, the bytes they are looked for in, characters
_MEANINGS = {"SIGKILL": ": as a rule, memory ran out", "SIGSEGV": ": a crash in its compiled code"}


class Answer(NamedTuple):
    """What the other library computes."""

    logits: np.ndarray  # [N, classes]
    versions: dict[str, str]  # of what ran it, by package


def compute(
    library: str, network: str, classes: int, arrays: Mapping[str, np.ndarray], images: np.ndarray
) -> Answer:
    """Runs the library's own `network`.

    Args:
      arrays: {their name: array}, all of them.
      images: float32 [N, side, side, 3], RGB.
    Raises: SlimzooError: it gives no logits for whatever reason, a crash too.
    """
    folder, title = TemporaryFolder(), f"{library}'s {network}"
    request = {"library": library, "network": network, "classes": classes}
    (folder.path / REQUEST).write_text(json.dumps(request), encoding="utf-8")
    np.save(folder.path / IMAGES, images)
    _check_space(arrays, folder.path)
    write_safetensors(folder.path / WEIGHTS, arrays)
    run("slimzoo.parity.child:compute", folder.path, title)
    logits = np.load(folder.path / LOGITS, allow_pickle=False)
    if logits.shape != (len(images), classes):
        raise SlimzooError(
            f"{title} gives {list(logits.shape)} numbers for {len(images)} images and {classes} classes: "
            "nothing is proven. Without --prove the file is converted nevertheless"
        )
    return Answer(logits, json.loads((folder.path / VERSIONS).read_text(encoding="utf-8")))


def _check_space(arrays: Mapping[str, np.ndarray], folder: Path) -> None:
    tensors = tensors_of(arrays).values()
    needed = sum(tensor.parameters * tensor.dtype.itemsize for tensor in tensors)
    if needed > (free := shutil.disk_usage(folder).free):
        raise SlimzooError(
            f"the proof hands {needed:,} bytes over in {folder.parent}, which has {free:,}: free some, or "
            "set TMPDIR to another folder"
        )


def run(
    call: str,
    folder: Path,
    title: str,
    *,
    environment: Mapping[str, str] = MappingProxyType(_ON_THE_CPU),
    endless: bool = False,
    advice: str = _NOTHING_PROVEN,
) -> None:
    """Calls the function `call`, "module:name", with `folder`, in a process of its own.

    Args:
      folder: a private one; what the process says is kept there.
      title: what runs, for the message.
      environment: variables beside those of this process, or in place of them.
      endless: it is not ended after PATIENCE seconds.
      advice: how the message ends.
    Raises: SlimzooError: the process did not come to its end, with the last that it said.
    """
    command = [sys.executable, "-c", _RUN.format(path=sys.path, call=call, folder=os.fspath(folder))]
    limit = None if endless else PATIENCE
    with open(folder / SAID, "wb") as said:
        try:
            code = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                timeout=limit,
            ).returncode
        except subprocess.TimeoutExpired:
            raise _failed(title, f"did not end within {limit} seconds", folder, advice) from None
        except OSError as error:
            raise _failed(title, f"could not be started, {error}", folder, advice) from error
    if code or not (folder / DONE).exists():
        raise _failed(title, _ending(code), folder, advice)


def _ending(code: int) -> str:
    """Returns how a process ended, by its exit code; signals are negative."""
    if code >= 0:
        return f"ended with exit code {code}" if code else "ended before it had an answer"
    names = {member.value: member.name for member in signal.Signals}
    name = names.get(-code, "unknown")
    return f"was ended by signal {-code} ({name}{_MEANINGS.get(name, '')})"


def _failed(title: str, how: str, folder: Path, advice: str) -> SlimzooError:
    lines = _last_lines(folder / SAID)
    told = f"{title} cannot be run: its process {how}"
    if not lines:
        return SlimzooError(f"{told}, and said nothing. {advice}")
    return SlimzooError(f"{listing(f'{told}. The last it said:', lines)}\n{advice}")


def _last_lines(path: Path) -> list[str]:
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        text = file.read().decode("utf-8", "replace")
    return [shown(line, _WIDTH) for line in text.splitlines() if line.strip()][-_LINES:]
