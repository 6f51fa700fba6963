"""Which encoding a text file is in: stated, seen, detected with care, or refused.

A wrong guess damages every text and no later step can tell, so only what can be told
is guessed. UTF-8 proves itself (other encodings hardly ever form valid UTF-8) and is
checked over the whole file; UTF-16 and UTF-32 show by their byte order mark or their
NUL bytes. Of the rest, charset-normalizer proposes and a few checks dispose.
"""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path

from chapter2.data.files.opening import file_errors, open_binary
from chapter2.errors import DataError, UsageError

CHUNK = 1 << 20  # bytes read at once
SAMPLE = 1 << 16  # bytes of non-ASCII lines that the detection looks at
BOMS = {  # UTF-32 first: its little-endian mark begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
ESCAPES = ("idna", "punycode", "unicode-escape", "raw-unicode-escape")  # not of files
# What is proposed at all. cp1250 is here as the rival that keeps cp1252 honest.
CANDIDATES = ["gb18030", "big5", "cp932", "cp949", "cp1250", "cp1251", "cp1252"]
# Least coherence minus chaos at which a proposal is believed; tuned on review
# sentences in 14 languages so that none was taken for the wrong one.
BELIEVED = {"gb18030": 0.1, "big5": 0.1, "cp1251": 0.3, "cp1252": 0.0}
MARGIN = 0.15  # by which it must beat each rival that reads other characters
# What text read in the wrong one of two Latin or Cyrillic encodings is full of: signs
# inside words, upper case after lower, C1 controls, letters of rare alphabets.
ODD = re.compile(
    r"[^\W\d_][¡-©«-´¶-¹¼-¿×÷‚„†‡][^\W\d_]|[^\W\d_][¦§±²³¹¶¼½¾]|[\x80-\x9f]"
    r"|[šžŠŽþðýÞÐÝ]|[a-zß-ÿа-я][A-ZÀ-ÞА-Я]"
)
HUNGARIAN = set("õûÕÛ")  # alone, these may as well be ő and ű in cp1250


def find_encoding(path: Path, stated: str | None) -> tuple[str, list[str]]:
    """Return the codec to read ``path`` with, and notices.

    Raises:
        UsageError: ``stated`` is not a text encoding known here.
        DataError: it contradicts the file, or none can be told with certainty.
    """
    with file_errors(path), open_binary(path) as raw:
        head = raw.read(CHUNK)
    codec, notices = encoding_of(head, path, stated)
    if stated is not None or codec != "utf-8":
        return codec, notices
    bad = first_undecodable(path, "utf-8")
    return (codec, notices) if bad is None else _detect(path, bad[0])


def encoding_of(head: bytes, path: Path, stated: str | None) -> tuple[str, list[str]]:
    """Return the codec that ``head``, the first bytes of ``path``, show; and notices.

    It is utf-8 where they show none, which only the rest can prove.

    Raises:
        UsageError: ``stated`` is not a text encoding known here.
        DataError: it contradicts the bytes, or they are not those of a text.
    """
    mark = next((BOMS[bom] for bom in BOMS if head.startswith(bom)), None)
    if stated is not None:
        return _stated(path, stated, mark, head)
    if mark is not None:
        return mark, [f"{path} starts with a byte order mark; it was read as {mark}."]
    if wide := _utf16_without_mark(head):
        return wide, [f"{path} was read as {wide}, as its NUL bytes suggest."]
    _refuse_binary(path, head)
    return "utf-8", []


def _stated(
    path: Path, stated: str, mark: str | None, head: bytes
) -> tuple[str, list[str]]:
    """Return the codec the user named, unless the file contradicts it."""
    try:
        "".encode(stated)  # LookupError too for codecs that are not of text
        name = codecs.lookup(stated).name
        if name in ESCAPES:
            raise LookupError(name)
    except (LookupError, ValueError):
        raise UsageError(
            f"The encoding {stated!r} is not known; name one such as utf-8, utf-16, "
            "gb18030 or cp1252."
        ) from None
    if mark is not None:
        if mark.removesuffix("-sig") not in name.replace("_", "-"):
            raise DataError(
                f"{path} starts with the byte order mark of {mark}, but the encoding "
                f"stated is {stated}; leave the encoding out."
            )
        return mark, []
    if not name.startswith(("utf-16", "utf-32", "iso2022")):
        _refuse_binary(path, head)
    if name in ("utf-16", "utf-32"):
        raise DataError(
            f"{path} has no byte order mark, so {name} leaves the order open; state "
            f"{name}-le or {name}-be."
        )
    notices = []
    if not name.startswith(("utf", "ascii")) and not head.isascii() and _is_utf8(head):
        notices.append(
            f"{path} was read as {stated}, as stated, but its bytes are valid UTF-8; "
            "leave the encoding out if the texts look garbled."
        )
    return name, notices


def _is_utf8(some: bytes) -> bool:
    """Tell whether ``some`` is valid UTF-8, perhaps cut inside its last character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(some)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(head: bytes) -> str | None:
    """Return the UTF-16 that ``head`` shows: NULs in nearly every second byte only."""
    some = head[: SAMPLE - SAMPLE % 2]
    even, odd = some[0::2].count(0), some[1::2].count(0)
    if odd > 0.4 * len(some) / 2 and even < 0.05 * odd:
        return "utf-16-le"
    if even > 0.4 * len(some) / 2 and odd < 0.05 * even:
        return "utf-16-be"
    return None


def _refuse_binary(path: Path, head: bytes) -> None:
    """Raise DataError where more than a tenth of the bytes are control characters."""
    controls = set(range(32)) - {9, 10, 13}
    some = head[:SAMPLE]
    if sum(map(controls.__contains__, some)) > 0.1 * len(some):
        raise DataError(
            f"{path} is not text: it is full of control characters; export the data "
            "as CSV in UTF-8."
        )


def _sample(path: Path) -> bytes:
    """Return the first lines with bytes above 127, up to SAMPLE bytes of them."""
    sample = bytearray()
    with file_errors(path), open_binary(path) as raw:
        for line in iter(lambda: raw.readline(SAMPLE), b""):
            if not line.isascii():
                sample += line
            if len(sample) >= SAMPLE:
                break
    return bytes(sample)


def first_undecodable(path: Path, encoding: str) -> tuple[int, str] | None:
    """Return the line (from 1) of the first byte that ``encoding`` does not allow.

    The second value is that byte in hexadecimal. None where the whole file decodes.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    line = 1
    with file_errors(path), open_binary(path) as raw:
        while True:
            chunk = raw.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, "ignore")
                line += newlines.decode(before, final=True).count("\n")
                return line, error.object[error.start : error.start + 1].hex()
            line += newlines.decode(text, final=not chunk).count("\n")
            if not chunk:
                return None


def undecodable(path: Path, encoding: str) -> DataError:
    """Return the error that names the line at which ``encoding`` fails."""
    line, byte = first_undecodable(path, encoding) or (1, "")
    return DataError(
        f"{path}, line {line}: the byte 0x{byte} is not {encoding}; state the encoding "
        "the file is in, or save it as UTF-8."
    )


def _detect(path: Path, bad_line: int) -> tuple[str, list[str]]:
    """Return the encoding of a file that is not UTF-8, if it can be told."""
    sample = _sample(path)
    lines = sample.splitlines()
    if 2 * sum(map(_is_utf8, lines)) > len(lines):
        raise DataError(
            f"{path}, line {bad_line}: a byte is not UTF-8, although most of the file "
            "is; repair that line, or state the encoding the file is in."
        )
    encoding = detect(sample)
    if encoding is None:
        raise DataError(
            f"{path}, line {bad_line}: the text is not UTF-8 and its encoding "
            "cannot be told; state the encoding (such as cp1252, cp1250 or "
            "shift_jis), or save the file as UTF-8."
        )
    return encoding, [
        f"{path} was read as {encoding}, which was detected, not stated; state the "
        "encoding if the texts look garbled."
    ]


def detect(sample: bytes) -> str | None:
    """Return ``gb18030``, ``big5``, ``cp1251`` or ``cp1252``, None when unsure."""
    from charset_normalizer import from_bytes

    matches = from_bytes(sample, cp_isolation=CANDIDATES)
    scores = {match.encoding: match.coherence - match.chaos for match in matches}
    readings = {match.encoding: str(match) for match in matches}
    # charset-normalizer drops cp1252 where cp1250 reads the same characters
    if "cp1250" in readings and _reads(sample, "cp1252") == readings["cp1250"]:
        scores["cp1252"], readings["cp1252"] = scores["cp1250"], readings["cp1250"]
    rivals = sorted(scores, key=lambda name: (scores[name], name), reverse=True)
    best = rivals[0] if rivals else ""
    if scores.get("cp1252", -1) == scores.get(best):
        best = "cp1252"  # by far the more frequent of the two, where they tie
    if best not in BELIEVED or scores[best] < BELIEVED[best]:
        return None
    if best == "cp1252":
        return best if _is_western(sample, readings[best]) else None
    beaten = all(
        scores[best] - scores[name] >= MARGIN
        for name in rivals
        if readings[name] != readings[best]
    )
    return best if beaten and not _odd(readings[best]) else None


def _reads(sample: bytes, encoding: str) -> str | None:
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError:
        return None


def _odd(text: str) -> bool:
    """Tell whether more than 2 % of the non-ASCII characters stand where none would."""
    marked = sum(not char.isascii() for char in text)
    upper = sum(char.isupper() and not char.isascii() for char in text)
    return len(ODD.findall(text)) > 0.02 * marked or upper > 0.5 * marked


def _is_western(sample: bytes, text: str) -> bool:
    """Tell whether ``text``, read as cp1252, is free of signs of another encoding."""
    if _odd(text):
        return False
    other = sample.decode("cp1250", "replace")
    differing = {a for a, b in zip(text, other, strict=True) if a != b}
    return not differing or not differing <= HUNGARIAN
