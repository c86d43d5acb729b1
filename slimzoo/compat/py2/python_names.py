"""Python 2's modules and their names that went or moved, as faces: data, and a few lines of code each."""

import sys

from slimzoo.compat.modules import Row

_OURS = "slimzoo.compat.py2.stdlib."
MODULES = "__python_2_modules__"  # a builtin of a translated module: which of the rows it sees
_BUILTIN_TYPES = {
    **{f"{name}Type": f"builtins.{kind}" for name, kind in (("Boolean", "bool"), ("Complex", "complex"))},
    **{f"{name}Type": f"builtins.{name.lower()}" for name in ("Float", "Int", "List", "Tuple", "Type")},
    "DictType": "builtins.dict",
    "DictionaryType": "builtins.dict",
    "LongType": "builtins.int",
    "StringType": "builtins.str",
    "UnicodeType": "builtins.str",
    "ObjectType": "builtins.object",
    "SliceType": "builtins.slice",
    "XRangeType": "builtins.range",
    "ClassType": "builtins.type",
    "InstanceType": "builtins.object",
    "UnboundMethodType": "types.FunctionType",
    "FileType": "io.IOBase",
    "StringTypes": _OURS + "STRING_TYPES",
}
_LETTERS = {"letters": "ascii_letters", "lowercase": "ascii_lowercase", "uppercase": "ascii_uppercase"}
_OF_STRING = (
    *(
        "atof",
        "atoi",
        "atol",
        "capitalize",
        "center",
        "count",
        "expandtabs",
        "find",
        "index",
        "join",
        "joinfields",
    ),
    *("ljust", "lower", "lstrip", "maketrans", "replace", "rfind", "rindex", "rjust", "rstrip", "split"),
    *("splitfields", "strip", "swapcase", "translate", "upper", "zfill"),
)
_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_BASE64 = (
    *("b64encode", "b64decode", "urlsafe_b64encode", "urlsafe_b64decode", "standard_b64encode"),
    *(
        "standard_b64decode",
        "b32encode",
        "b32decode",
        "b16encode",
        "b16decode",
        "encodestring",
        "decodestring",
    ),
)
_PARSE = (
    *("quote", "quote_plus", "unquote", "unquote_plus", "urlencode", "splitquery", "splittype", "splithost"),
)

PYTHON_2: dict[str, Row] = {
    "BaseHTTPServer": Row(("http.server",)),
    "CGIHTTPServer": Row(("http.server",)),
    "ConfigParser": Row(
        ("configparser",), {"SafeConfigParser": _OURS + "Config", "ConfigParser": _OURS + "Config"}
    ),
    "Cookie": Row(("http.cookies",)),
    "HTMLParser": Row(("html.parser",)),
    "Image": Row(("PIL.Image",)),
    "ImageDraw": Row(("PIL.ImageDraw",)),
    "ImageFont": Row(("PIL.ImageFont",)),
    "Queue": Row(("queue",)),
    "SimpleHTTPServer": Row(("http.server",)),
    "SocketServer": Row(("socketserver",)),
    "StringIO": Row(names={"StringIO": _OURS + "StringIO"}),
    "Tkinter": Row(("tkinter",)),
    "UserDict": Row(
        ("collections",),
        {"IterableUserDict": "collections.UserDict", "DictMixin": "collections.abc.MutableMapping"},
    ),
    "UserList": Row(("collections",)),
    "UserString": Row(("collections",)),
    "__builtin__": Row(("builtins",), {"__dict__": "builtins.__dict__"}),
    "anydbm": Row(("dbm",)),
    "base64": Row(("base64",), {name: f"{_OURS}base64_{name}" for name in _BASE64}),
    "binascii": Row(
        ("binascii",), {name: f"{_OURS}binascii_{name}" for name in ("hexlify", "unhexlify", "crc32")}
    ),
    "cPickle": Row(("pickle",)),
    "cProfile": Row(("cProfile",)),
    "cStringIO": Row(names={"StringIO": _OURS + "StringIO"}),
    "commands": Row(names={name: f"subprocess.{name}" for name in ("getoutput", "getstatusoutput")}),
    "cookielib": Row(("http.cookiejar",)),
    "copy_reg": Row(("copyreg",)),
    "csv": Row(
        ("csv",), {name: _OURS + f"csv_{name}" for name in ("reader", "writer", "DictReader", "DictWriter")}
    ),
    "dummy_thread": Row(("_thread",), {"error": "builtins.RuntimeError"}),
    "exceptions": Row(("builtins",), {"StandardError": "builtins.Exception"}),
    "hashlib": Row(("hashlib",), {name: f"{_OURS}hash_{name}" for name in _HASHES}),
    "htmlentitydefs": Row(("html.entities",)),
    "httplib": Row(("http.client",)),
    "itertools": Row(
        ("itertools",),
        {
            "ifilter": "builtins.filter",
            "ifilterfalse": "itertools.filterfalse",
            "imap": "builtins.map",
            "izip": "builtins.zip",
            "izip_longest": "itertools.zip_longest",
        },
    ),
    "json": Row(("json",), {name: f"{_OURS}json_{name}" for name in ("dump", "dumps", "load", "loads")}),
    "md5": Row(names=dict.fromkeys(("md5", "new"), _OURS + "hash_md5")),
    "operator": Row(
        ("operator",),
        {
            "div": "slimzoo.compat.py2.runtime.divide",
            "isCallable": "builtins.callable",
            "sequenceIncludes": "operator.contains",
            "repeat": "operator.mul",
        },
    ),
    "math": Row(("math",), {name: f"{_OURS}math_{name}" for name in ("ceil", "floor")}),
    "os.path": Row(("os.path",), {"walk": _OURS + "walk"}),
    "os": Row(("os",), {"getcwdu": "os.getcwd", "errno": "errno", "popen2": _OURS + "popen2"}),
    "pickle": Row(("pickle",)),
    "random": Row(
        ("random",),
        {
            name: f"slimzoo.compat.py2.randomness.{name}"
            for name in ("Random", "choice", "jumpahead", "randint", "randrange", "sample", "seed", "shuffle")
        },
    ),
    "repr": Row(("reprlib",)),
    "robotparser": Row(("urllib.robotparser",)),
    "sets": Row(names={"Set": "builtins.set", "ImmutableSet": "builtins.frozenset"}),
    "sha": Row(names=dict.fromkeys(("new", "sha"), _OURS + "hash_sha1")),
    "string": Row(
        ("string",),
        {
            **{then: f"string.{now}" for then, now in _LETTERS.items()},
            **{name: f"{_OURS}string_{name}" for name in _OF_STRING},
        },
    ),
    "struct": Row(("struct",), {"pack": _OURS + "struct_pack", "unpack": _OURS + "struct_unpack"}),
    "subprocess": Row(("subprocess",), {"Popen": _OURS + "Popen", "check_output": _OURS + "check_output"}),
    "sys": Row(
        ("sys",),
        {
            "maxint": "sys.maxsize",
            "maxunicode": "sys.maxunicode",
            "setdefaultencoding": _OURS + "nothing",
            "exc_clear": _OURS + "nothing",
            "setcheckinterval": _OURS + "nothing",
            "subversion": _OURS + "SUBVERSION",
        },
    ),
    "thread": Row(("_thread",), {"error": "builtins.RuntimeError"}),
    "tkFileDialog": Row(("tkinter.filedialog",)),
    "tkMessageBox": Row(("tkinter.messagebox",)),
    "types": Row(("types",), {**_BUILTIN_TYPES, "NoneType": "types.NoneType"}),
    "urllib": Row(
        ("urllib",),
        {
            **{name: f"urllib.parse.{name}" for name in _PARSE},
            **{
                name: f"urllib.request.{name}"
                for name in ("urlopen", "urlretrieve", "urlcleanup", "getproxies")
            },
            **{name: f"urllib.request.{name}" for name in ("url2pathname", "pathname2url", "FancyURLopener")},
            "error": "urllib.error",
            "parse": "urllib.parse",
            "request": "urllib.request",
        },
    ),
    "urllib2": Row(("urllib.request", "urllib.error", "urllib.parse")),
    "urlparse": Row(("urllib.parse",)),
    "whichdb": Row(names={"whichdb": "dbm.whichdb"}),
    "xmlrpclib": Row(("xmlrpc.client",)),
    "zlib": Row(
        ("zlib",), {name: f"{_OURS}zlib_{name}" for name in ("adler32", "compress", "crc32", "decompress")}
    ),
}
GONE = frozenset(PYTHON_2) - sys.stdlib_module_names  # not there at all in Python 3
for _pickle in ("pickle", "cPickle"):
    PYTHON_2[_pickle] = Row(
        ("pickle",),
        {
            **{name: f"{_OURS}pickle_{name}" for name in ("dump", "dumps", "load", "loads")},
            "HIGHEST_PROTOCOL": _OURS + "HIGHEST_PROTOCOL",
        },
    )
