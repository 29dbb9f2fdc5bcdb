"""The composition root: the only place that reads the environment and wires the application, once per process."""

from __future__ import annotations

import os

from chalicelib.settings import Settings
from chalicelib.wiring.services import Services
from chalicelib.wiring.steps import Steps


class Application(Steps, Services):
    """The wired system: the steps of the workflow and what operates them, over the same stores."""


_current: Application | None = None


def application(function_arn: str = "") -> Application:
    """The application of this process, made on the first call. Raises Misconfigured."""
    global _current
    if _current is None:
        _current = Application(Settings.read(os.environ, function_arn))
    return _current
