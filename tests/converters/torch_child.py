"""What tests have PyTorch do in a process of its own: each function writes to the folder that it is given."""

import numpy as np
import torch

from tools import record_torch_names as recorder


def auxiliary_logits(folder):
    """Writes those of torchvision's Inception v3 for the drawn weights and images: logits.npy."""
    original = next(o for o in recorder.ORIGINALS if str(o) == "torchvision/inception_v3")
    model, found = recorder.build(original), []
    model.Mixed_6e.register_forward_hook(lambda _, given, made: found.append(model.AuxLogits(made)))
    recorder.logits_of(original, model)
    np.save(folder / "logits.npy", found[0].numpy())


def save_files(folder):
    """Writes state dicts, <name>.pth beside <name>.npz with the same numbers, and files that hold more."""
    random = torch.Generator().manual_seed(0)
    saved = {
        "parameter": torch.nn.Parameter(torch.randn(4, 3, 3, 3, generator=random)),
        "channels_last": torch.randn(2, 3, 4, 5, generator=random).to(memory_format=torch.channels_last),
        "transposed": torch.randn(3, 5, generator=random).t(),
        "view": torch.arange(20.0)[5:9],
        "half": torch.randn(4, generator=random).half(),
        "brain": torch.randn(7, generator=random).bfloat16(),
        "step": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "wide": torch.tensor([1, 65535], dtype=torch.uint16),
        "complex": torch.view_as_complex(torch.randn(3, 2, generator=random)),
    }
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    roots = {"plain": saved, "nested": {"state_dict": saved, "epoch": 1}, "model": model.state_dict()}
    for form in ("zip", "legacy"):
        options = {"_use_new_zipfile_serialization": form == "zip"}
        for name, root in roots.items():
            torch.save(root, folder / f"{name}_{form}.pth", **options)
            arrays = {key: _as_array(value) for key, value in root.get("state_dict", root).items()}
            np.savez(folder / f"{name}_{form}.npz", **arrays)
        torch.save(model, folder / f"whole_{form}.pt", **options)
    torch.jit.script(model).save(folder / "script.pt")


def _as_array(tensor):
    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).contiguous().numpy()
