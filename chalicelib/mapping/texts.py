"""Transforms that make text of text: blanks, zeros, code pages."""

from __future__ import annotations

import unicodedata

from chalicelib.mapping.values import BadValue, Value, to_text


def strip(value: Value) -> Value:
    """Remove whitespace at both ends (done to all text anyway, unless keep_blanks)."""
    return to_text(value).strip()


def upper(value: Value) -> Value:
    """Capital letters."""
    return to_text(value).upper()


def lower(value: Value) -> Value:
    """Small letters."""
    return to_text(value).lower()


def collapse_blanks(value: Value) -> Value:
    """Any run of whitespace becomes one space."""
    return " ".join(to_text(value).split())


def one_line(value: Value) -> Value:
    """Line breaks become a space each; all else stays."""
    return " ".join(part.strip() for part in to_text(value).splitlines() if part.strip())


def drop_controls(value: Value) -> Value:
    """Remove control characters, as terminals and EBCDIC files leave them."""
    return "".join(c for c in to_text(value) if unicodedata.category(c) != "Cc")


def zero_pad(value: Value, width: int) -> Value:
    """zero_pad:10 fills with leading zeros: 4711 -> 0000004711."""
    return to_text(value).strip().zfill(width)


def strip_zeros(value: Value) -> Value:
    """Remove leading zeros: 0000004711 -> 4711."""
    text = to_text(value).strip()
    return text.lstrip("0") or ("0" if text else "")


def left(value: Value, count: int) -> Value:
    """left:5 keeps the first 5 characters."""
    return to_text(value)[:count]


def right(value: Value, count: int) -> Value:
    """right:5 keeps the last 5 characters."""
    return to_text(value)[-count:] if count else ""


def prefix(value: Value, text: str) -> Value:
    """prefix:SO- puts text in front."""
    return text + to_text(value)


def suffix(value: Value, text: str) -> Value:
    """suffix:-DE puts text behind."""
    return to_text(value) + text


def remove(value: Value, characters: str) -> Value:
    """remove:-/ drops these characters."""
    return to_text(value).translate({ord(c): None for c in characters})


def ebcdic(value: Value, codec: str) -> Value:
    """ebcdic:cp037 (or cp273, cp500, cp1140, ...) decodes bytes that the driver passed on untranslated."""
    raw = value if isinstance(value, bytes) else to_text(value).encode("latin-1", "replace")
    try:
        return raw.decode(codec)
    except UnicodeDecodeError as error:
        raise BadValue(f"is not text in {codec}") from error


def utf16(value: Value) -> Value:
    """Decode bytes as UTF-16, little endian unless they begin with a mark."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-16" if value[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-16-le")
    except UnicodeDecodeError as error:
        raise BadValue("is not text in UTF-16") from error


def mojibake(value: Value) -> Value:
    """MÃ¼ller -> Müller: UTF-8 that was once read as Latin-1 or Windows-1252; other text stays as it is."""
    text = to_text(value)
    for codec in ("cp1252", "latin-1"):
        try:
            return text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
    return text
