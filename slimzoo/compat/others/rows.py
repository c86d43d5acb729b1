"""Which names went from which library, and what they are today. Data only: importing this imports nothing."""

from slimzoo.compat.modules import Row

_OURS = "slimzoo.compat.others."
_CONTAINERS = (
    *(
        "AsyncGenerator",
        "AsyncIterable",
        "AsyncIterator",
        "Awaitable",
        "ByteString",
        "Callable",
        "Collection",
    ),
    *("Container", "Coroutine", "Generator", "Hashable", "ItemsView", "Iterable", "Iterator", "KeysView"),
    *("Mapping", "MappingView", "MutableMapping", "MutableSequence", "MutableSet", "Reversible", "Sequence"),
    *("Set", "Sized", "ValuesView"),
)
_FIND = (
    "find_module",
    "load_module",
    "load_source",
    "load_compiled",
    "load_dynamic",
    "load_package",
    "new_module",
)
_IMP = (
    *(
        *_FIND,
        "acquire_lock",
        "release_lock",
        "lock_held",
        "get_suffixes",
        "get_magic",
        "get_tag",
        "is_builtin",
    ),
    *(
        "is_frozen",
        "cache_from_source",
        "source_from_cache",
        "reload",
        "NullImporter",
        "C_BUILTIN",
        "C_EXTENSION",
    ),
    *("PKG_DIRECTORY", "PY_COMPILED", "PY_FROZEN", "PY_SOURCE", "SEARCH_ERROR"),
)


def _ours(module: str, *names: str) -> dict[str, str]:
    return {name: f"{_OURS}{module}.{name}" for name in names}


def _at(module: str, *names: str) -> dict[str, str]:
    return {name: f"{module}.{name}" for name in names}


STANDARD: dict[str, Row] = {
    "asyncio": Row(("asyncio",), {"coroutine": "types.coroutine", "async": "asyncio.ensure_future"}),
    "base64": Row(("base64",), {"decodestring": "base64.decodebytes", "encodestring": "base64.encodebytes"}),
    "cgi": Row(names={"escape": _OURS + "standard.escape", **_at("urllib.parse", "parse_qs", "parse_qsl")}),
    "collections": Row(("collections",), _at("collections.abc", *_CONTAINERS)),
    "distutils": Row(),
    "distutils.dir_util": Row(names=_ours("standard", "mkpath", "copy_tree", "remove_tree")),
    "distutils.file_util": Row(names=_ours("standard", "copy_file", "move_file")),
    "distutils.spawn": Row(names={"find_executable": "shutil.which"}),
    "distutils.util": Row(
        names={"strtobool": _OURS + "standard.strtobool", "get_platform": "sysconfig.get_platform"}
    ),
    "distutils.version": Row(names=_ours("standard", "LooseVersion", "StrictVersion")),
    "fractions": Row(("fractions",), _ours("standard", "gcd")),
    "imp": Row(names=_ours("imports", *_IMP)),
    "inspect": Row(
        ("inspect",),
        {
            **_ours("standard", "getargspec", "ArgSpec"),
            "getmoduleinfo": _OURS + "standard.getmoduleinfo",
        },
        {"formatargspec": "inspect.signature"},
    ),
    "pipes": Row(names={"quote": "shlex.quote"}, gone={"Template": "the module subprocess"}),
    "platform": Row(
        ("platform",),
        gone=dict.fromkeys(("dist", "linux_distribution"), "the package distro, or /etc/os-release"),
    ),
    "threading": Row(("threading",)),
    "time": Row(("time",), {"clock": "time.process_time"}),
    "xml": Row(("xml",)),
    "xml.etree": Row(("xml.etree",)),
    "xml.etree.cElementTree": Row(("xml.etree.ElementTree",)),
}

_MISC = Row(
    names={
        **_ours(
            "scipy_images", "bytescale", "fromimage", "imfilter", "imread", "imresize", "imrotate", "imsave"
        ),
        **_ours("scipy_images", "imshow", "toimage"),
        **_at("scipy.special", "comb", "factorial", "factorial2", "factorialk", "logsumexp"),
        **_at("scipy.datasets", "ascent", "electrocardiogram", "face"),
        **_ours("scipy_numbers", "central_diff_weights", "derivative"),
        "pade": "scipy.interpolate.pade",
    },
    gone={
        "lena": "a picture of your own: its licence did not allow it; scipy.datasets has ascent() and face()",
        "info": "help()",
        "source": "inspect.getsource",
        "who": "vars()",
    },
)
_WINDOWS = (
    *("barthann", "bartlett", "blackman", "blackmanharris", "bohman", "boxcar", "chebwin", "cosine"),
    *("exponential", "flattop", "gaussian", "general_gaussian", "hamming", "hann", "kaiser", "nuttall"),
    *("parzen", "triang", "tukey"),
)
_NAN = {f"nan{name}": f"numpy.nan{name}" for name in ("mean", "median", "std")}
SCIPY: dict[str, Row] = {
    "scipy": Row(("scipy", "numpy"), {**_at("numpy.random", "rand", "randn"), "ifft": "numpy.fft.ifft"}),
    "scipy.misc": _MISC,
    "scipy.misc.common": _MISC,
    "scipy.misc.pilutil": _MISC,
    "scipy.integrate": Row(
        ("scipy.integrate",),
        {
            "cumtrapz": "scipy.integrate.cumulative_trapezoid",
            "trapz": "scipy.integrate.trapezoid",
            "simps": _OURS + "scipy_numbers.simps",
        },
    ),
    "scipy.linalg": Row(
        ("scipy.linalg",), {"pinv2": "scipy.linalg.pinv", **_at("numpy", "tri", "tril", "triu")}
    ),
    "scipy.ndimage": Row(("scipy.ndimage",), {"imread": _OURS + "scipy_images.imread"}),
    **{
        f"scipy.ndimage.{module}": Row(("scipy.ndimage",))
        for module in ("filters", "fourier", "interpolation", "measurements", "morphology")
    },
    "scipy.signal": Row(
        ("scipy.signal",),
        {**_at("scipy.signal.windows", *_WINDOWS), "hanning": "scipy.signal.windows.hann"},
        {
            **dict.fromkeys(("cwt", "daub", "morlet", "ricker"), "the package PyWavelets"),
            "slepian": "scipy.signal.windows.dpss",
        },
    ),
    "scipy.signal.signaltools": Row(("scipy.signal",)),
    "scipy.stats": Row(
        ("scipy.stats",),
        {
            **_NAN,
            **_ours("scipy_numbers", "binom_test", "chisqprob", "itemfreq", "median_absolute_deviation"),
            **_ours("scipy_numbers", "signaltonoise", "threshold"),
        },
        {"betai": "scipy.special.betainc", "f_value": "scipy.stats.f_oneway", "ss": "numpy.sum(a * a)"},
    ),
    "scipy.stats.stats": Row(("scipy.stats",)),
}

PILLOW: dict[str, Row] = {
    "PIL": Row(("PIL",), dict.fromkeys(("PILLOW_VERSION", "VERSION"), "PIL.__version__")),
    "PIL.Image": Row(
        ("PIL.Image",),
        {
            "ANTIALIAS": "PIL.Image.LANCZOS",
            "CUBIC": "PIL.Image.BICUBIC",
            "LINEAR": "PIL.Image.BILINEAR",
            "NONE": "PIL.Image.NEAREST",
            **dict.fromkeys(("PILLOW_VERSION", "VERSION"), "PIL.__version__"),
            "fromstring": "PIL.Image.frombytes",
            "isImageType": _OURS + "pillow.isImageType",
        },
    ),
    "PIL.ImageDraw": Row(("PIL.ImageDraw",)),
    "PIL.ImageFont": Row(("PIL.ImageFont",)),
}

_CM = Row(
    ("matplotlib.cm",),
    {
        "get_cmap": _OURS + "plots.get_cmap",
        "register_cmap": _OURS + "plots.register_cmap",
        "spectral": "matplotlib.cm.nipy_spectral",
        "spectral_r": "matplotlib.cm.nipy_spectral_r",
        **{f"Vega{n}": f"matplotlib.cm.tab{n}" for n in ("10", "20", "20b", "20c")},
    },
)
_PYPLOT = {
    **_ours("plots", "get_cmap", "hist", "hold", "ishold", "over", "spectral"),
    "register_cmap": _OURS + "plots.register_cmap",
}
_NOT_MLAB = (
    *(
        "PCA",
        "csv2rec",
        "griddata",
        "rec2csv",
        "rec_append_fields",
        "rec_drop_fields",
        "rec_groupby",
        "rec_join",
    ),
)
MATPLOTLIB: dict[str, Row] = {
    "matplotlib": Row(("matplotlib",), {"use": _OURS + "plots.use"}),
    "matplotlib.cm": _CM,
    "matplotlib.finance": Row(
        gone=dict.fromkeys(("candlestick", "candlestick_ohlc"), "the package mplfinance")
    ),
    "matplotlib.mlab": Row(
        ("matplotlib.mlab",),
        {
            **_ours(
                "plots",
                "bivariate_normal",
                "dist",
                "entropy",
                "find",
                "frange",
                "movavg",
                "normpdf",
                "prctile",
            ),
            "amap": _OURS + "plots.amap",
        },
        dict.fromkeys(_NOT_MLAB, "pandas, scipy.interpolate.griddata, or sklearn.decomposition.PCA"),
    ),
    "matplotlib.pylab": Row(("pylab",), _PYPLOT),
    "matplotlib.pyplot": Row(("matplotlib.pyplot",), _PYPLOT),
    "matplotlib.pyplot.cm": _CM,
    "pylab": Row(("pylab",), _PYPLOT),
}

_FOLDS = ("KFold", "LeaveOneOut", "ShuffleSplit", "StratifiedKFold", "StratifiedShuffleSplit")
SKLEARN: dict[str, Row] = {
    "sklearn": Row(("sklearn",)),
    "sklearn.cross_validation": Row(("sklearn.model_selection",), _ours("folds", *_FOLDS)),
    "sklearn.datasets": Row(
        ("sklearn.datasets",),
        gone={
            "fetch_mldata": "sklearn.datasets.fetch_openml",
        },
    ),
    "sklearn.decomposition": Row(
        ("sklearn.decomposition",), gone={"RandomizedPCA": "PCA(svd_solver='randomized')"}
    ),
    "sklearn.externals": Row(),
    "sklearn.externals.joblib": Row(("joblib",)),
    "sklearn.externals.six": Row(("six",)),
    "sklearn.grid_search": Row(("sklearn.model_selection",)),
    "sklearn.lda": Row(names={"LDA": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"}),
    "sklearn.learning_curve": Row(("sklearn.model_selection",)),
    "sklearn.metrics": Row(
        ("sklearn.metrics",), gone={"jaccard_similarity_score": "sklearn.metrics.jaccard_score"}
    ),
    "sklearn.mixture": Row(
        ("sklearn.mixture",),
        gone=dict.fromkeys(("DPGMM", "GMM", "VBGMM"), "GaussianMixture or BayesianGaussianMixture"),
    ),
    "sklearn.preprocessing": Row(
        ("sklearn.preprocessing",), gone={"Imputer": "sklearn.impute.SimpleImputer"}
    ),
    "sklearn.qda": Row(names={"QDA": "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis"}),
    "sklearn.utils": Row(("sklearn.utils",)),
    "sklearn.utils.linear_assignment_": Row(names=_ours("folds", "linear_assignment")),
}

SKIMAGE: dict[str, Row] = {
    "skimage": Row(("skimage",)),
    "skimage.draw": Row(("skimage.draw",), _ours("pictures", "circle")),
    "skimage.feature": Row(
        ("skimage.feature",),
        {
            "greycomatrix": "skimage.feature.graycomatrix",
            "greycoprops": "skimage.feature.graycoprops",
            "register_translation": "skimage.registration.phase_cross_correlation",
        },
    ),
    "skimage.filter": Row(("skimage.filters",)),
    "skimage.measure": Row(
        ("skimage.measure",),
        _ours("pictures", "compare_mse", "compare_nrmse", "compare_psnr", "compare_ssim"),
    ),
    "skimage.morphology": Row(("skimage.morphology",), _at("skimage.segmentation", "watershed")),
    "skimage.transform": Row(("skimage.transform",), _ours("pictures", "pyramid_reduce", "rescale")),
    "skimage.util": Row(("skimage.util",), {"pad": "numpy.pad"}),
    "skimage.viewer": Row(gone={"ImageViewer": "matplotlib.pyplot.imshow"}),
}

_MOVED = "Series.rolling(window).{0}(), of the frame or series itself"
PANDAS: dict[str, Row] = {
    "pandas": Row(
        ("pandas",),
        {
            "Float64Index": "pandas.Index",
            "Int64Index": "pandas.Index",
            "TimeSeries": "pandas.Series",
            "UInt64Index": "pandas.Index",
            "datetime": "datetime.datetime",
            "np": "numpy",
            "scatter_matrix": "pandas.plotting.scatter_matrix",
            **_ours(
                "frames", *(f"rolling_{name}" for name in ("max", "mean", "median", "min", "std", "sum"))
            ),
        },
        {
            "Panel": "a DataFrame with a MultiIndex, or the package xarray",
            "ols": "the package statsmodels",
            "rolling_apply": _MOVED.format("apply"),
        },
    ),
    "pandas.io.data": Row(gone={"DataReader": "the package pandas-datareader"}),
    "pandas.tools.plotting": Row(("pandas.plotting",)),
    "pandas.util.testing": Row(("pandas.testing",)),
}

CV2: dict[str, Row] = {
    "cv2": Row(("cv2", _OURS + "cv2_names")),
    "cv2.cv": Row((_OURS + "cv2_names",)),
}

OLD_LIBRARIES: dict[str, Row] = {
    **STANDARD, **SCIPY, **PILLOW, **MATPLOTLIB, **SKLEARN, **SKIMAGE, **PANDAS, **CV2
}  # fmt: skip
