"""How every command ends: with an exit code and, if it went wrong, one line that says what and what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from chalicelib.cli.errors import WrongCall
from chalicelib.domain.errors import DependencyTimeout, Misconfigured, OrderbridgeError, TransientError

DONE, COULD_NOT, WRONG_CALL, INTERRUPTED, NOBODY_READS = 0, 1, 2, 130, 141
"""The last two are what a shell makes of SIGINT and SIGPIPE."""


def exit_code(action: Callable[[], int], say: Callable[[str], None]) -> int:
    """What the action returns, or the exit code of how it failed; `say` hears the line about that."""
    try:
        return action()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return NOBODY_READS
    except WrongCall as error:
        say(f"WrongCall: {error}")
        return WRONG_CALL
    except OrderbridgeError as error:
        say(f"{type(error).__name__}: {' '.join(str(error).split())}{_advice(error)}")
        return COULD_NOT
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        say(f"{type(error).__name__}: {where}{error.strerror or error}; is the path right, and may you use it?")
        return COULD_NOT


def _advice(error: OrderbridgeError) -> str:
    """What to do, where the message does not say it: adapters know what happened, not who is asking."""
    if isinstance(error, DependencyTimeout):
        return "; it may have happened all the same: look before repeating"
    if isinstance(error, TransientError):
        return "; repeat it, and if it stays so look at the network and at AWS_ENDPOINT_URL"
    if isinstance(error, Misconfigured) and type(error.__cause__).__module__.startswith("botocore."):
        return "; are the AWS credentials, region and stage right, and is the stage deployed there?"
    return ""


def end_process(main: Callable[[], int]) -> NoReturn:
    """Ends the process with the exit code of `main`, without Python's complaint about output that nobody takes."""
    if sys.stdout is None or sys.stderr is None:  # closed by the caller: a new token, say, would be lost
        sys.exit(COULD_NOT)
    code = main()
    if code == NOBODY_READS:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
