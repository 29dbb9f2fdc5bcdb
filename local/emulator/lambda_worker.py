"""The Lambda Python runtime: errors by class name, a sandbox that outlives an error, only the bundle to import.

MiniStack runs a function in a process that speaks one JSON line per call. This module rewrites the part of that
process's script that calls the handler, and reads its answer, so that a caller sees what AWS documents:

    raise OutOfStock("x")   {"errorType": "OutOfStock", "errorMessage": "x", "requestId": ..., "stackTrace": [...]}
    os._exit(3)             Runtime.ExitError, "RequestId: ... Error: Runtime exited with error: exit status 3"
    return object()         Runtime.MarshalError
    import fails            Runtime.ImportModuleError and its relatives
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core import lambda_runtime

from local.emulator import bundles
from local.emulator.call_counter import CALLER_VARIABLE

END_OF_LOG = "\x1eend-of-invocation\x1e"

_BUNDLE_VARIABLE = "_LOCAL_AWS_BUNDLE"
_RUNTIME_VARIABLE = "_LOCAL_AWS_RUNTIME"

_PATH_BEFORE = """\
    code_dir = init["code_dir"]
"""
_PATH_AFTER = """\
    code_dir = _only_the_bundle(init)
"""
# Importing botocore for MiniStack's own recursion counter would cost every worker 0.15 s and 25 MB; the pool
# bounds a function that calls itself.
_DEPTH_BEFORE = """\
    _ms_install_invoke_depth()
    try:
        mod
"""
_DEPTH_AFTER = """\
    try:
        mod
"""
_INIT_BEFORE = """\
        _real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")
        _real_stdout.flush()
        return
"""
_INIT_AFTER = """\
        _real_stdout.write(_init_failure(e, module_name) + "\\n")
        _real_stdout.flush()
        return
"""
_CALL_BEFORE = """\
            _real_stdout.write(json.dumps({"status": "ok", "result": result}) + "\\n")
        except Exception as e:
            _real_stdout.write(json.dumps({"status": "error", "error": str(e), \
"trace": traceback.format_exc()}) + "\\n")
"""
_CALL_AFTER = """\
            _answer = _marshal(result)
        except Exception as e:
            traceback.print_exc(file=sys.stderr)
            _answer = json.dumps({"status": "ok", "raised": _failure(e)})
        sys.stderr.write("__END_OF_LOG__\\n")
        sys.stderr.flush()
        _real_stdout.write(_answer + "\\n")
"""
_HELPERS = """
import json, os, sys, time, traceback

def _only_the_bundle(init):
    code_dir = init["env"].pop("__BUNDLE__")
    os.environ.pop("__BUNDLE__", None)
    runtime = init["env"].pop("__RUNTIME__")
    os.environ.pop("__RUNTIME__", None)
    sys.path[:] = [p for p in sys.path[1:] if "site-packages" not in p and "dist-packages" not in p] + [runtime]
    # The variables of the server, and of whoever started it, are none of the function's.
    kept = ("AWS_", "LAMBDA_TASK_", "_LAMBDA_", "_X_AMZN", "_MINISTACK_", "PATH", "LANG", "LD_LIBRARY_PATH", "TMPDIR")
    for name in [n for n in os.environ if not n.startswith(kept) and n not in init["env"]]:
        del os.environ[name]
    os.environ.update(init["env"])
    os.environ.update(LAMBDA_TASK_ROOT=code_dir, TZ=":UTC",
                      AWS_EXECUTION_ENV="AWS_Lambda_python%d.%d" % sys.version_info[:2],
                      AWS_LAMBDA_LOG_GROUP_NAME="/aws/lambda/" + init["function_name"],
                      __CALLER__=init["function_name"][:50])
    time.tzset()
    os.chdir(code_dir)
    os.nice(5)  # AWS itself, which is one process here, does not wait for the functions that call it
    return code_dir

def _failure(error):
    # As the Lambda Python runtime interface client reports it: the frames of the handler, not of the runtime.
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return {"errorMessage": str(error), "errorType": type(error).__name__,
            "stackTrace": traceback.format_list(frames)}

def _init_failure(error, module):
    return json.dumps({"status": "error", "error": json.dumps(_why_init_failed(error, module))})

def _why_init_failed(error, module):
    if isinstance(error, ImportError):
        return {"errorMessage": "Unable to import module '%s': %s" % (module, error),
                "errorType": "Runtime.ImportModuleError", "stackTrace": []}
    if isinstance(error, SyntaxError):
        return {"errorMessage": "Syntax error in module '%s': %s" % (module, error),
                "errorType": "Runtime.UserCodeSyntaxError", "stackTrace": []}
    if isinstance(error, AttributeError) and error.obj is not None and error.obj.__class__.__name__ == "module":
        return {"errorMessage": "Handler '%s' missing on module '%s'" % (error.name, module),
                "errorType": "Runtime.HandlerNotFound", "stackTrace": []}
    return _failure(error)

def _marshal(result):
    try:
        return json.dumps({"status": "ok", "result": result})
    except (TypeError, ValueError, OverflowError) as error:
        return json.dumps({"status": "ok", "raised": {
            "errorMessage": "Unable to marshal response: %s" % error,
            "errorType": "Runtime.MarshalError", "stackTrace": []}})
"""

_failure: ContextVar[dict[str, Any] | None] = ContextVar("failure_of_this_invocation", default=None)


class UpstreamChanged(RuntimeError):
    """MiniStack no longer looks as an adaptation expects."""


def replaced_once(text: str, before: str, after: str) -> str:
    """`text` with the only occurrence of `before` replaced."""
    if text.count(before) != 1:
        raise UpstreamChanged(f"expected once, found {text.count(before)} times: {before[:80]!r}")
    return text.replace(before, after)


def worker_script(upstream: str) -> str:
    """MiniStack's worker script with our way to call the handler and to report what came of it."""
    script = replaced_once(upstream, _INIT_BEFORE, _INIT_AFTER)
    script = replaced_once(script, _CALL_BEFORE, _CALL_AFTER.replace("__END_OF_LOG__", repr(END_OF_LOG)[1:-1]))
    script = replaced_once(script, _PATH_BEFORE, _PATH_AFTER)
    script = replaced_once(script, _DEPTH_BEFORE.rstrip(), _DEPTH_AFTER.rstrip())
    helpers = _HELPERS.replace("__BUNDLE__", _BUNDLE_VARIABLE).replace("__RUNTIME__", _RUNTIME_VARIABLE)
    helpers = helpers.replace("__CALLER__", CALLER_VARIABLE)
    return helpers + script


class PythonWorker(lambda_runtime.Worker):  # type: ignore[misc]  # MiniStack carries no types
    """MiniStack's worker, which notes why an invocation failed for `execute_and_describe`."""

    config: dict[str, Any]
    started: Callable[[Any], None] = staticmethod(lambda worker: None)
    _last_process: Any = None

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        python = str(config.get("Runtime")).startswith("python")
        super().__init__(func_name, config, bundles.empty_zip() if python else code_zip)
        self._bundle = code_zip

    def _spawn(self) -> None:
        if not str(self.config.get("Runtime")).startswith("python"):
            super()._spawn()
            return
        bundle = bundles.unpacked(self._bundle, self.config.get("CodeSha256"))
        told = {_BUNDLE_VARIABLE: str(bundle), _RUNTIME_VARIABLE: str(bundles.runtime_packages())}
        variables = self.config.get("Environment", {}).get("Variables", {})
        self.config = {**self.config, "Environment": {"Variables": {**variables, **told}}}
        super()._spawn()
        self._last_process = self._proc
        self.started(self)

    def invoke(self, event: Any, request_id: str, **options: Any) -> dict[str, Any]:
        try:
            response: dict[str, Any] = super().invoke(event, request_id, **options)
        except RuntimeError as error:
            response = {"status": "error", "error": str(error), "log": self._drain_stderr()}
            self._note(self._init_failure(str(error)), request_id)
            return response
        if "raised" in response:
            response["status"] = "error"
            response["error"] = response["raised"]["errorMessage"]
            self._note(response.pop("raised"), request_id)
        elif response.get("error") == "Worker process died":
            message = f"RequestId: {request_id} Error: Runtime exited {self._exit_reason()}"
            _failure.set({"errorType": "Runtime.ExitError", "errorMessage": message})
        return response

    def _exit_reason(self) -> str:
        status = self._last_process.wait(timeout=60) if self._last_process else None
        if not status:
            return "without providing a reason"
        return f"with error: {'signal: killed' if status < 0 else f'exit status {status}'}"

    @staticmethod
    def _init_failure(text: str) -> dict[str, Any]:
        _, found, described = text.partition("Worker init failed: ")
        if found and described.startswith("{"):
            failure: dict[str, Any] = json.loads(described)
            return failure
        return {"errorType": "Runtime.ExitError", "errorMessage": text}

    @staticmethod
    def _note(failure: dict[str, Any], request_id: str) -> None:
        _failure.set({**failure, "requestId": request_id})

    def _drain_stderr_bounded(self, *_waits: float, hard_cap: float = 0.25) -> str:
        """The log of this invocation: up to the mark the script sets, instead of up to 50 ms of silence."""
        lines: list[str] = []
        deadline = time.monotonic() + hard_cap
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._stderr_queue.get(timeout=min(left, 0.02))
            except queue.Empty:
                if self._stderr_thread.is_alive():
                    continue
                break
            if line.endswith(END_OF_LOG):
                lines.append(line.removesuffix(END_OF_LOG))
                break
            lines.append(line)
        return "\n".join(filter(None, lines))


def execute_and_describe(execute: Any) -> Any:
    """Wraps `lambda_svc._execute_function_warm`: the failure's own description takes the place of MiniStack's."""

    def execute_function(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        token = _failure.set(None)
        try:
            result: dict[str, Any] = execute(func, event, request_id)
            failure = _failure.get()
            if failure and result.get("error"):
                result = {**result, "body": failure}
            return result
        finally:
            _failure.reset(token)

    return execute_function
