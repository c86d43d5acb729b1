"""What PyTorch saves that is no state dict of plain tensors: called what it is, and what to save instead."""

from __future__ import annotations

from collections.abc import Iterable

from slimzoo.converters.formats.pickles import Pairs
from slimzoo.converters.formats.torch_pickle import Described

_IN_PYTORCH = "Where you trust it, save its tensors in PyTorch: torch.save({}, 'weights.pth')"
_SCRIPT = _IN_PYTORCH.format("torch.jit.load(path).state_dict()")
_EXPORTED = _IN_PYTORCH.format("torch.export.load(path).state_dict")
_QUANTIZED = _IN_PYTORCH.format("{name: t.dequantize() for name, t in state_dict.items()}")
_NAMED = _IN_PYTORCH.format("model.state_dict()")


def is_script(members: Iterable[str]) -> bool:
    """Says whether the members of an archive are TorchScript's: a program, and the constants of it."""
    return any(name.endswith("/constants.pkl") or "/code/" in name for name in members)


def of_members(members: Iterable[str]) -> str:
    """Returns what to say of an archive of `members`, as PyTorch writes programs; "" for another's."""
    members = list(members)
    if is_script(members):
        return script()
    if any(name.rpartition("/")[2] == "archive_format" for name in members):
        return f"is a program that torch.export wrote, which is not read. {_EXPORTED}"
    return ""


def script() -> str:
    """Returns what to say of TorchScript."""
    return f"is TorchScript, a program with its weights in it, which is not read. {_SCRIPT}"


def of_refused(names: Iterable[str]) -> str:
    """Returns what to say of a pickle that asks for `names`; "" for no kind that is known."""
    if any("_rebuild_qtensor" in name or "QInt" in name or ".quantized" in name for name in names):
        return f"holds quantized tensors, which are not read. {_QUANTIZED}"
    return ""


def without_names(root: object) -> str:
    """Returns what to say of tensors that have no names; "" where some have."""
    if isinstance(root, Described):
        return f"holds one tensor of shape {root.shape} without a name. {_NAMED}"
    values = _values(root)
    lists = [value for value in values if _of_tensors(value)]
    if not lists or any(isinstance(value, Described) for value in values):
        return ""
    count = sum(isinstance(value, Described) for found in lists for value in found)
    return f"holds a list of {count} tensors, and no names that say which is which. {_NAMED}"


def _values(root: object) -> list:
    """Returns what stands at the ends of dicts in dicts, each once; a list is an end."""
    found, seen = [], set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Pairs):
            waiting += [inner for _, inner in value.items]
        else:
            found.append(value)
    return found


def _of_tensors(value: object) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(inner, Described) for inner in value)
