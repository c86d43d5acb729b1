"""Calls of what SciPy 1.1 had, as data for both: SciPy 1.1.0 itself, and what serves its names today.

Recorded with SciPy 1.1.0, NumPy 1.16 and Pillow 8.4 on Python 3.7:

    python tests/compat/others/scipy_cases.py > tests/compat/others/scipy_1_1.json
"""

import io
import json

import numpy as np


def _arrays():
    at = np.arange(5 * 7 * 3).reshape(5, 7, 3)
    return {
        "colour": (at * 37 % 256).astype(np.uint8),
        "grey": (at[..., 0] * 53 % 256).astype(np.uint8),
        "floats": np.sin(at[..., 1] / 3.0) * 2.5 + 0.25,
        "planes": np.cos(np.moveaxis(at, -1, 0) / 5.0),
        "whole": at[..., 2] * 9 - 200,
        "flat": np.full((3, 4), 0.5),
    }


def _on_disk(misc, array):
    file = io.BytesIO()
    misc.imsave(file, array, "png")
    return misc.imread(io.BytesIO(file.getvalue()))


def images(misc):
    """Returns {what: array} of scipy.misc's functions for images."""
    a = _arrays()
    found = {}
    for name in ("colour", "grey", "floats", "planes", "whole", "flat"):
        found["bytescale of " + name] = misc.bytescale(a[name])
        found["imsave and imread of " + name] = _on_disk(misc, a[name if name != "planes" else "colour"])
        for interp in ("nearest", "bilinear", "bicubic", "cubic", "lanczos"):
            found[f"imresize of {name} to (4, 9), {interp}"] = misc.imresize(a[name], (4, 9), interp)
        found[f"imresize of {name} to 150 percent"] = misc.imresize(a[name], 150)
        found[f"imresize of {name} by 0.5"] = misc.imresize(a[name], 0.5)
    found["imresize to (3, 5, 3)"] = misc.imresize(a["colour"], (3, 5, 3))
    found["imresize of floats, mode F"] = misc.imresize(a["floats"], (3, 4), mode="F")
    found["imresize of planes, mode RGB"] = misc.imresize(a["planes"], (3, 4), mode="RGB")
    found["imrotate"] = misc.imrotate(a["colour"], 30)
    found["imrotate, nearest"] = misc.imrotate(a["grey"], 90, "nearest")
    found["imfilter"] = misc.imfilter(a["grey"], "blur")
    found["bytescale, bounds"] = misc.bytescale(a["floats"], cmin=-1, cmax=2, high=200, low=10)
    found["toimage, cmin"] = np.array(misc.toimage(a["floats"], cmin=0.0, cmax=1.0))
    found["toimage, F"] = np.array(misc.toimage(a["floats"], mode="F"))
    found["toimage, P"] = np.array(misc.toimage(a["grey"], mode="P").convert("RGB"))
    found["toimage, I"] = np.array(misc.toimage(a["grey"], mode="I"))
    found["fromimage, grey"] = misc.fromimage(misc.toimage(a["colour"]), flatten=True)
    found["fromimage, mode"] = misc.fromimage(misc.toimage(a["colour"]), mode="L")
    return found


def numbers(misc, integrate, stats):
    """Returns {what: array} of functions that went."""
    y, x = np.sin(np.arange(8) / 2.0) + 1, np.cumsum(np.arange(1, 9)) / 7.0
    found = {}
    for even in ("avg", "first", "last"):
        found["simps, " + even] = integrate.simps(y, x, even=even)
        found["simps with dx, " + even] = integrate.simps(np.stack([y, y * 2]), dx=0.5, even=even)
    found["simps of odd"] = integrate.simps(y[:7], x[:7])
    found["simps, axis"] = integrate.simps(np.stack([y, y * y, y + 1]), axis=0)
    found["cumtrapz"] = integrate.cumtrapz(y, x, initial=0)
    found["derivative"] = misc.derivative(np.exp, 0.5, dx=1e-2, n=2, order=5)
    found["central_diff_weights"] = misc.central_diff_weights(5, 1)
    found["comb"] = [misc.comb(5, 2), misc.comb(10, 3, exact=True), misc.factorial(5)]
    found["logsumexp"] = misc.logsumexp(y)
    found["itemfreq"] = stats.itemfreq([3, 1, 3, 2, 3])
    found["binom_test"] = [stats.binom_test(3, 10, 0.4), stats.binom_test([2, 5])]
    return found


if __name__ == "__main__":
    from scipy import integrate, misc, stats

    made = dict(images(misc), **numbers(misc, integrate, stats))
    rows = (f"{json.dumps(name)}: {json.dumps(np.asarray(v).tolist())}" for name, v in made.items())
    print("{\n" + ",\n".join(rows) + "\n}")
