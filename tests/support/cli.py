"""Commands as they are typed, over parts that a test hands in."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from chalicelib.__main__ import main
from chalicelib.cli.context import Context
from chalicelib.wiring.application import Application


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def typed(*arguments: str, **parts: Any) -> Ended:
    """`python -m chalicelib ARGUMENTS` in this process; `parts` are the attributes of the application that it uses."""
    out, err = io.StringIO(), io.StringIO()
    application = cast(Application, SimpleNamespace(**parts))
    code = main(arguments, Context(lambda stage: application, out, err))
    return Ended(code, out.getvalue(), err.getvalue())
