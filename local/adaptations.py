"""Every place where MiniStack answers unlike AWS, and what makes it answer alike.

Each adaptation is one function named in `ADAPTATIONS`. It says what differs upstream; a test in
tests/conformance shows the adapted behaviour, and another fails as soon as upstream does not need it any more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import apigateway_v1, lambda_svc, stepfunctions

from local import lambda_worker
from local.worker_pool import WorkerPool

Response = tuple[int, dict[str, str], bytes]


def rest_api_import() -> None:
    """ImportRestApi (POST /restapis?mode=import) and PutRestApi (PUT /restapis/{id}) are not routed upstream.

    Without them an API deployed by Chalice has no routes. MiniStack has an importer, for CloudFormation.
    """
    upstream = apigateway_v1.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Response:
        parts = path.strip("/").split("/")
        if parts[0] == "restapis" and len(parts) == 1 and method == "POST" and "mode" in query_params:
            return _import_api(json.loads(body), query_params)
        if parts[0] == "restapis" and len(parts) == 2 and method == "PUT":
            return _put_api(parts[1], json.loads(body))
        answer: Response = await upstream(method, path, headers, body, query_params)
        return answer

    apigateway_v1.handle_request = handle_request


def _import_api(spec: dict[str, Any], query: dict[str, Any]) -> Response:
    settings = _api_settings(spec)
    if endpoint_type := query.get("endpointConfigurationTypes"):
        settings["endpointConfiguration"] = {"types": list(endpoint_type)}
    api_id = apigateway_v1._import_rest_api(spec, settings)
    api = apigateway_v1._rest_apis[api_id]
    answer: Response = apigateway_v1._v1_response(apigateway_v1._rest_api_view(api), 201)
    return answer


def _put_api(api_id: str, spec: dict[str, Any]) -> Response:
    """Overwrite: the routes and authorizers are those of the document; stages and deployments stay."""
    found: Response = apigateway_v1._get_rest_api(api_id)
    if found[0] != 200:
        return found
    api = apigateway_v1._rest_apis[api_id]
    api.update(_api_settings(spec))
    resources = apigateway_v1._resources[api_id]
    root = next(resource for resource in resources.values() if resource["path"] == "/")
    root["resourceMethods"] = {}
    resources.clear()
    resources[root["id"]] = root
    apigateway_v1._authorizers_v1[api_id].clear()
    schemes = apigateway_v1._import_security_schemes(api_id, spec)
    for path, item in (spec.get("paths") or {}).items():
        apigateway_v1._import_path_item(api_id, path, item, schemes, spec.get("security"))
    answer: Response = apigateway_v1._v1_response(apigateway_v1._rest_api_view(api))
    return answer


def _api_settings(spec: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"name": str(spec["info"]["title"]), "version": str(spec["info"]["version"])}
    if "x-amazon-apigateway-binary-media-types" in spec:
        settings["binaryMediaTypes"] = spec["x-amazon-apigateway-binary-media-types"]
    if "x-amazon-apigateway-policy" in spec:
        settings["policy"] = json.dumps(spec["x-amazon-apigateway-policy"])
    return settings


def error_class_names() -> None:
    """A Python exception is reported as Runtime.HandlerError, so that no Retry or Catch by class name matches.

    An error also ends the process upstream, so that every business "no" would cost a cold start, and the log of
    an invocation is waited for 50 ms. See `local.lambda_worker`.
    """
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_worker.worker_script(lambda_runtime._PYTHON_WORKER_SCRIPT)
    lambda_runtime.Worker = lambda_worker.PythonWorker
    lambda_svc._execute_function_warm = lambda_worker.execute_and_describe(lambda_svc._execute_function_warm)


def instant_function_state() -> None:
    """A new or changed function stays Pending for half a second, whereupon Chalice sleeps five."""
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0


def bounded_workers(size: int) -> WorkerPool:
    """Nothing bounds the worker processes upstream. See `local.worker_pool`."""
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

    lambda_worker.PythonWorker.started = pool.moved
    for module in (lambda_runtime, lambda_svc):
        module.acquire_worker = acquire_worker
        module.release_worker = release_worker
    return pool


def throttle_error_name() -> None:
    """A throttled task fails as Lambda.Unknown upstream; AWS names it Lambda.TooManyRequestsException."""
    upstream = stepfunctions._call_lambda

    def call_lambda(func_ref: str, event: Any) -> Any:
        try:
            return upstream(func_ref, event)
        except stepfunctions._ExecutionError as error:
            if error.error == "Lambda.Unknown" and '"TooManyRequestsException"' in str(error.cause):
                cause = "Rate Exceeded. (Service: Lambda, Status Code: 429)"
                raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", cause) from error
            raise

    stepfunctions._call_lambda = call_lambda


def idempotent_start() -> None:
    """StartExecution refuses any name it knows; AWS answers as the first time to the same name and input.

    "If StartExecution is called with the same name and input as a running execution, the call succeeds and
    return the same response as the original request." (API reference; STANDARD only)
    """
    upstream = stepfunctions._start_execution

    def start_execution(data: dict[str, Any]) -> Response:
        answer: Response = upstream(data)
        if answer[0] == 400 and b"ExecutionAlreadyExists" in answer[2]:
            running = _same_running_execution(data)
            if running:
                again = {"executionArn": running["executionArn"], "startDate": running["startDate"]}
                answer = stepfunctions.json_response(again)
        return answer

    stepfunctions._start_execution = start_execution


def _same_running_execution(data: dict[str, Any]) -> dict[str, Any] | None:
    machine_arn = stepfunctions._resolve_state_machine_arn(data["stateMachineArn"])
    if stepfunctions._state_machines[machine_arn].get("type") == "EXPRESS":
        return None
    for execution in stepfunctions._executions.values():
        if execution["stateMachineArn"] == machine_arn and execution["name"] == data["name"]:
            same = execution["status"] == "RUNNING" and execution["input"] == data.get("input", "{}")
            return dict(execution) if same else None
    return None


ADAPTATIONS: tuple[Callable[[], Any], ...] = (
    rest_api_import,
    error_class_names,
    instant_function_state,
    throttle_error_name,
    idempotent_start,
)


def apply_all(*, lambda_workers: int) -> None:
    """Apply every adaptation to the MiniStack of this process, before it serves."""
    for adaptation in ADAPTATIONS:
        adaptation()
    bounded_workers(lambda_workers)
