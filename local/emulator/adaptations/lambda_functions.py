"""Lambda functions: their errors, their state, and how many processes they may occupy."""

from __future__ import annotations

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator import lambda_worker
from local.emulator.worker_pool import WorkerPool


def error_class_names() -> None:
    """A Python exception is reported as Runtime.HandlerError, so that no Retry or Catch by class name matches.

    An error also ends the process upstream, so that every business "no" would cost a cold start; the log of an
    invocation is waited for 50 ms; a function can import what its bundle lacks. See `local.emulator.lambda_worker`.
    """
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_worker.worker_script(lambda_runtime._PYTHON_WORKER_SCRIPT)
    lambda_runtime.Worker = lambda_worker.PythonWorker
    lambda_svc._execute_function_warm = lambda_worker.execute_and_describe(lambda_svc._execute_function_warm)


def instant_state() -> None:
    """A new or changed function stays Pending for half a second, whereupon Chalice sleeps five."""
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0


def bounded_workers(size: int) -> None:
    """Nothing bounds the worker processes upstream. See `local.emulator.worker_pool`."""
    pool = WorkerPool(lambda_runtime._workers, lambda_runtime._lock, size=size)

    def acquire_worker(
        func_name: str,
        config: dict[str, Any],
        code_zip: bytes,
        qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> tuple[Any, str]:
        key = lambda_runtime._worker_key(func_name, config, qualifier)
        made: list[Any] = []

        def make() -> Any:
            made.append(lambda_runtime._worker_class_for(config)(func_name, config, code_zip))
            return made[0]

        worker, evicted = pool.lease(key, make)
        lambda_runtime.kill_workers([evicted])
        if worker is None:
            return None, "func_cap"
        return worker, "spawn" if made else "reused"

    def release_worker(worker: Any) -> None:
        if worker is not None:
            lambda_runtime.kill_workers([pool.release(worker)])

    lambda_worker.PythonWorker.started = staticmethod(pool.started)
    for module in (lambda_runtime, lambda_svc):
        module.acquire_worker = acquire_worker
        module.release_worker = release_worker
