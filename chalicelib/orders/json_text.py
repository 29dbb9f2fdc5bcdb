"""The one reader of JSON text for all ways in: REST, batches in a body, JSON and JSON Lines files.

Python's json is lenient where an order must not be: it keeps the last of two equal names, and fails with errors of its
own on deep nesting and endless numbers. Here every way of being wrong is one error that says where. (NaN and Infinity
are read as numbers; no field of an order takes one, and then the field is named.)
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chalicelib.domain.errors import OrderbridgeError

MAX_DEPTH = 64
"""Levels of objects and arrays in one order: ten times what an order needs, and far from any parser's own limit."""

_BRACKET = re.compile(r"[\[{]")


class MalformedJson(OrderbridgeError):
    """The text is not JSON as RFC 8259 wants it, or names something twice. `places`: paths of the repeated names."""

    def __init__(self, message: str, places: tuple[str, ...] = ()) -> None:
        self.message = message
        self.places = places
        super().__init__(f"the JSON {message}")


class _Repeating(dict[str, Any]):
    """An object in which some names stood more than once."""

    repeated: tuple[str, ...] = ()


def read_json(text: str, max_depth: int = MAX_DEPTH) -> Any:
    """The value. Raises MalformedJson."""
    repeating: list[_Repeating] = []

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        marked = _Repeating(made)
        marked.repeated = tuple(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        repeating.append(marked)
        return marked

    try:
        value = json.loads(text, object_pairs_hook=make_object)
    except json.JSONDecodeError as error:
        raise MalformedJson(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise MalformedJson(f"is nested more than {max_depth} levels deep") from None
    except ValueError:  # more digits than int() converts (sys.set_int_max_str_digits)
        raise MalformedJson("holds a number with thousands of digits") from None
    if len(_BRACKET.findall(text)) > max_depth and _depth(value, max_depth) > max_depth:
        raise MalformedJson(f"is nested more than {max_depth} levels deep")
    if repeating:
        raise MalformedJson("names something twice in one object", tuple(_repeated_paths(value)))
    return value


def _depth(value: Any, enough: int) -> int:
    """Levels of objects and arrays, counted to one more than `enough` at most."""
    level, depth = [value], 0
    while level and depth <= enough:
        inner = [each for each in level if isinstance(each, dict | list)]
        if not inner:
            break
        depth += 1
        level = [child for each in inner for child in (each.values() if isinstance(each, dict) else each)]
    return depth


def _repeated_paths(value: Any) -> Iterator[str]:
    """Objects that were replaced by a later one of the same name are not reached; their holder is named."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, current = waiting.pop()
        prefix = f"{path[:200]}." if path else ""
        if isinstance(current, _Repeating):
            yield from (f"{prefix}{name}"[:200] for name in current.repeated)
        if isinstance(current, dict):
            waiting += [(f"{prefix}{name[:100]}", inner) for name, inner in current.items()]
        elif isinstance(current, list):
            waiting += [(f"{path[:200]}[{index}]", inner) for index, inner in enumerate(current)]


def kind_of(value: Any) -> str:
    """What a value is, in a sentence."""
    if value is None:
        return "null"
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a number")


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{},]|[\r\n]+', re.DOTALL)
"""A string that never ends is one token to the end, so that a hostile text is read once and not once for each quote."""

_LINE_END = re.compile(r"[\r\n]")


def cut_array(text: str, name: str) -> tuple[str, list[str]] | None:
    """The text of an object with its array `name` emptied, and the text of each element on one line.

    What is in the elements is not looked at, so that one that is no order, or no JSON, costs only itself. None if the
    text has no such array at its top level once, or if its brackets and quotes do not match: then it is to be read as
    a whole, and says what is wrong.
    """
    spans = _spans(text, name)
    if spans is None:
        return None
    begin, end, cuts = spans
    elements = [_one_line(text[start:stop]) for start, stop in cuts]
    if elements == [""]:
        elements = []
    if not all(elements):
        return None  # two commas follow each other
    return text[:begin] + text[end:], elements


def _spans(text: str, name: str) -> tuple[int, int, list[tuple[int, int]]] | None:
    """Where the array's content begins and ends, and where its elements do."""
    key, last_string = json.dumps(name), ""
    depth, opened_at, cuts, found = 0, -1, list[tuple[int, int]](), None
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token[0] == '"':
            if match.end() == len(text):
                return None  # it never ends: an object cannot end with a string
            last_string = token if depth == 1 else ""
        elif token in "[{":
            depth += 1
            if token == "[" and depth == 2 and last_string == key and found is None:
                opened_at, cuts = match.end(), []
            elif token == "[" and depth == 2 and last_string == key:
                return None
        elif token == "," and depth == 2 and opened_at >= 0:
            cuts.append((cuts[-1][1] + 1 if cuts else opened_at, match.start()))
        elif token in "]}":
            if depth == 2 and opened_at >= 0:
                cuts.append((cuts[-1][1] + 1 if cuts else opened_at, match.start()))
                found, opened_at = (cuts[0][0], match.start(), cuts), -1
            depth -= 1
        elif token == ",":
            last_string = "" if depth == 1 else last_string
    return found if depth == 0 else None


def _one_line(text: str) -> str:
    """Line ends between tokens become blanks. In a string they are not JSON; there they become another control
    character that is not, so that the order is refused for what it was."""

    def replaced(match: re.Match[str]) -> str:
        token = match.group()
        return " " if token[0] in "\r\n" else _LINE_END.sub("\v", token)

    return _LINE_END.sub(" ", _TOKEN.sub(replaced, text)).strip()
