"""Old names of other libraries: a program has them, a library beside it does not."""

import builtins
import sys
from types import ModuleType

import pytest

from slimzoo.compat import importing
from slimzoo.compat.program import Program


@pytest.fixture
def run(tmp_path):
    """Runs lines as the program's, or with `own=False` as a library's, and returns their globals."""
    program = Program(str(tmp_path), file=str(tmp_path / "main.py"))
    unhook = importing.hook(program)

    def run_lines(lines, own=True):
        module = ModuleType("__main__" if own else "library")
        file = str(tmp_path / "main.py") if own else "/elsewhere/library.py"
        vars(module).update(__file__=file, __builtins__=builtins)
        exec(compile(lines, file, "exec"), vars(module))
        return vars(module)

    yield run_lines
    unhook()


STANDARD = """
import asyncio, collections, fractions, imp, inspect, platform, time
import xml.etree.cElementTree as ET
from collections import Mapping, MutableMapping, namedtuple
from distutils.version import LooseVersion, StrictVersion
from distutils.util import strtobool
import distutils.dir_util
assert isinstance({}, collections.Mapping) and issubclass(MutableMapping, Mapping)
assert inspect.getargspec(lambda a, b=2, *c, **d: 0) == (["a", "b"], "c", "d", (2,))
assert time.clock() <= time.clock() and fractions.gcd(12, -18) == -6 and fractions.Fraction(1, 2)
assert LooseVersion("1.10") > LooseVersion("1.9") and LooseVersion("1.4.0") >= "1.4"
assert StrictVersion("1.0a1") < "1.0" and StrictVersion("1.2") == "1.2.0"
assert strtobool("Yes") == 1 and strtobool("off") == 0
assert ET.fromstring("<a><b/></a>")[0].tag == "b"
module = imp.new_module("m")
assert imp.find_module("json")[2][2] == imp.PKG_DIRECTORY and imp.reload
"""
PILLOW = """
from PIL import Image, ImageDraw, ImageFont
import PIL
assert Image.ANTIALIAS == Image.LANCZOS and Image.LINEAR == Image.BILINEAR and Image.CUBIC == Image.BICUBIC
assert Image.VERSION == PIL.PILLOW_VERSION == PIL.__version__
picture = Image.new("L", (3, 2))
assert Image.isImageType(picture) and isinstance(picture, Image.Image) and len(picture.tostring()) == 6
font = ImageFont.load_default()
width, height = font.getsize("wide")
assert ImageDraw.Draw(picture).textsize("wide", font) == (width, height) and width > height > 0
assert ImageDraw.Draw(picture).textsize("a\\nb", font)[1] > height
limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
import PIL.Image
assert PIL.Image.MAX_IMAGE_PIXELS is None
PIL.Image.MAX_IMAGE_PIXELS = limit
"""
MATPLOTLIB = """
import matplotlib
matplotlib.use("Agg", warn=False)
import matplotlib.pyplot as plt, matplotlib.cm as cm
from matplotlib import mlab
plt.hold(True)
axes = plt.figure().add_subplot(111)
axes.hold(False)
axes.set_axis_bgcolor("w")
assert axes.get_axis_bgcolor() == (1, 1, 1, 1)
counts, edges, _ = axes.hist([1, 2, 2, 4], 3, normed=True)
assert abs((counts * (edges[1:] - edges[:-1])).sum() - 1) < 1e-9
assert sum(plt.hist([1, 2], normed=0)[0]) == 2 and sum(axes.hist([1, 2], 2)[0]) == 2
assert cm.get_cmap("spectral").name == plt.get_cmap("nipy_spectral").name
assert cm.spectral.name == plt.cm.spectral.name == "nipy_spectral"
assert abs(mlab.normpdf(0, 0, 1) - 0.3989423) < 1e-6 and list(mlab.find([0, 1, 1])) == [1, 2]
plt.close("all")
"""
SKLEARN = """
import numpy as np
from sklearn.cross_validation import train_test_split, KFold, StratifiedKFold, cross_val_score
from sklearn.externals import joblib
import sklearn.grid_search, sklearn.preprocessing
from sklearn.utils.linear_assignment_ import linear_assignment
folds = list(KFold(6, n_folds=3))
assert len(KFold(6, 3)) == 3 and folds[0][1].tolist() == [0, 1]
assert len(list(StratifiedKFold([0, 0, 1, 1], 2))) == 2 and joblib.dump and sklearn.grid_search.GridSearchCV
assert linear_assignment(np.array([[1, 0], [0, 1]])).tolist() == [[0, 1], [1, 0]]
"""
SKIMAGE = """
import numpy as np
from skimage.measure import compare_psnr, compare_ssim, compare_mse
import skimage.transform
picture = np.arange(768, dtype=np.uint8).reshape(16, 16, 3)
assert compare_ssim(picture, picture, multichannel=True) > 0.9999 and compare_mse(picture, picture ^ 1) == 1.0
assert round(compare_psnr(picture, picture ^ 1), 2) == 48.13
assert skimage.transform.rescale(picture, 0.5, multichannel=True).shape == (8, 8, 3)
"""
PANDAS = """
import pandas as pd
frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["x", "y"])
assert frame.ix["x", "b"] == 3 and frame.ix[0, "b"] == 3 and frame.ix[1, 1] == 4
assert frame.ix["x"].tolist() == [1, 3]
assert frame.as_matrix().tolist() == [[1, 3], [2, 4]] and list(dict(frame.iteritems())) == ["a", "b"]
assert frame.append({"a": 5, "b": 6}, ignore_index=True).a.tolist() == [1, 2, 5]
assert frame.a.append(frame.b).tolist() == [1, 2, 3, 4] and frame.ix[0:1].a.tolist() == [1]
frame.ix["y", "a"] = 7
assert frame.a.tolist() == [1, 7] and pd.rolling_mean(frame.b, 2).iloc[1] == 3.5
"""
CV2 = """
import cv2
assert cv2.CV_AA == cv2.LINE_AA and cv2.CV_LOAD_IMAGE_COLOR == cv2.IMREAD_COLOR
assert cv2.cv.CV_CAP_PROP_FPS == cv2.CAP_PROP_FPS and cv2.cv.CV_BGR2GRAY == cv2.COLOR_BGR2GRAY
assert cv2.cv.CV_FOURCC(*"XVID") == cv2.VideoWriter_fourcc(*"XVID")
"""
SCIPY = """
import scipy, scipy.misc, scipy.ndimage, scipy.signal
from scipy.misc import imread, imresize
from scipy.misc.pilutil import imsave
from scipy.ndimage.filters import gaussian_filter
from scipy.ndimage import imread as other
import scipy.ndimage.interpolation
assert other is imread and scipy.signal.hann(4).shape == (4,) and scipy.ndimage.interpolation.zoom
assert scipy.array([1]).tolist() == [1] and scipy.misc.logsumexp([0.0]) == 0.0
"""
PROGRAMS = {
    "collections": STANDARD,
    "PIL": PILLOW,
    "matplotlib": MATPLOTLIB,
    "sklearn": SKLEARN,
    "skimage": SKIMAGE,
    "pandas": PANDAS,
    "cv2": CV2,
    "scipy": SCIPY,
}


@pytest.mark.parametrize("library", PROGRAMS)
def test_old_names_of_a_library_are_there_for_a_program(library, run):
    pytest.importorskip(library, reason=f"{library} is not installed; slimzoo does not need it")
    run(PROGRAMS[library])


GONE = {
    "from scipy.misc import lena": "scipy.misc.lena is not served by slimzoo. In its place: a picture",
    "from matplotlib.mlab import csv2rec": "In its place: pandas",
    "import platform; platform.linux_distribution()": "In its place: the package distro",
    "import pipes; pipes.Template": "In its place: the module subprocess",
    "from matplotlib.finance import candlestick": "In its place: the package mplfinance",
}


@pytest.mark.parametrize(("line", "words"), GONE.items())
def test_what_is_not_served_names_its_replacement(line, words, run):
    with pytest.raises((ImportError, AttributeError), match=words):
        run(line)


def test_a_library_sees_what_its_libraries_say(run):
    run(PILLOW)
    run(MATPLOTLIB)
    seen = run(
        "import collections, time\nfrom PIL import Image\nfrom matplotlib.axes import Axes\n"
        "found = [hasattr(Image, 'ANTIALIAS'), hasattr(Image.new('L', (1, 1)), 'tostring'),"
        " hasattr(Axes, 'hold'), hasattr(collections, 'Mapping'), hasattr(time, 'clock')]",
        own=False,
    )
    assert seen["found"] == [False] * 5


def take_away(monkeypatch, library):
    """Makes `library` one that is not installed."""
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)


def test_a_library_that_is_not_installed_is_an_import_error_as_ever(run, monkeypatch):
    take_away(monkeypatch, "skimage")
    for line in (
        "import skimage.measure",
        "import skimage.nowhere",
        "import skimage",
        "from skimage import io",
    ):
        with pytest.raises(ImportError, match="skimage"):
            run(line)
    run("try:\n  from skimage import measure\nexcept ImportError:\n  pass\nelse:\n  measure.x")


def test_scipys_images_need_no_scipy(run, monkeypatch):
    take_away(monkeypatch, "scipy")
    run("import numpy as np, scipy.misc\nassert scipy.misc.imresize(np.zeros((4, 4)), 50).shape == (2, 2)")
    run("from scipy import misc\nfrom scipy.misc import imread\nassert misc.imread is imread")
    with pytest.raises(ImportError):
        run("import scipy")


def test_a_programs_own_module_wins_over_an_old_name(tmp_path, run, monkeypatch):
    (tmp_path / "pylab.py").write_text("mine = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "pylab", raising=False)
    assert run("import pylab")["pylab"].mine == 3
    monkeypatch.delitem(sys.modules, "pylab", raising=False)
