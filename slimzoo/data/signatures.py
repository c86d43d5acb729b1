"""How image files of the formats that are read begin."""

SIGNATURES = {  # format: how its files begin
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
}
MARKS = tuple(mark for marks in SIGNATURES.values() for mark in marks)
