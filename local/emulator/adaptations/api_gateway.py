"""REST APIs: imported from OpenAPI, with AWS's limits, and with paths as the caller has written them."""

from __future__ import annotations

import json
import uuid
import zlib
from typing import Any

from ministack import app as ministack_app
from ministack.services import apigateway_v1

Response = tuple[int, dict[str, str], bytes]

API_BODY_LIMIT_BYTES = 10 * 1024 * 1024
LAMBDA_PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024 + 100


def import_from_openapi() -> None:
    """ImportRestApi (POST /restapis?mode=import) and PutRestApi (PUT /restapis/{id}) are not routed upstream.

    Without them an API deployed by Chalice has no routes. MiniStack has an importer, for CloudFormation.
    """
    upstream = apigateway_v1.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Response:
        parts = path.strip("/").split("/")
        if parts == ["restapis"] and method == "POST" and query_params.get("mode"):
            return _import_api(json.loads(body), query_params)
        if parts[0] == "restapis" and len(parts) == 2 and method == "PUT":
            return _put_api(parts[1], json.loads(body))
        answer: Response = await upstream(method, path, headers, body, query_params)
        return answer

    apigateway_v1.handle_request = handle_request


def _import_api(spec: dict[str, Any], query: dict[str, Any]) -> Response:
    settings = _api_settings(spec)
    if endpoint_types := query.get("endpointConfigurationTypes"):
        settings["endpointConfiguration"] = {"types": list(endpoint_types)}
    api_id = apigateway_v1._import_rest_api(spec, settings)
    _import_gateway_responses(api_id, spec)
    return _described(api_id, 201)


def _import_gateway_responses(api_id: str, spec: dict[str, Any]) -> None:
    """What the document says of API Gateway's own answers; upstream's importer passes them over."""
    apigateway_v1._gateway_responses[api_id] = {}
    for kind, response in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
        apigateway_v1._put_gateway_response(api_id, kind, response)


def _put_api(api_id: str, spec: dict[str, Any]) -> Response:
    """Overwrite: the routes and authorizers are those of the document; stages and deployments stay."""
    if api_id not in apigateway_v1._rest_apis:
        missing: Response = apigateway_v1._get_rest_api(api_id)
        return missing
    apigateway_v1._rest_apis[api_id].update(_api_settings(spec))
    resources = apigateway_v1._resources[api_id]
    root = next(resource for resource in resources.values() if resource["path"] == "/")
    root["resourceMethods"] = {}
    resources.clear()
    resources[root["id"]] = root
    apigateway_v1._authorizers_v1[api_id].clear()
    _import_gateway_responses(api_id, spec)
    schemes = apigateway_v1._import_security_schemes(api_id, spec)
    for path, item in (spec.get("paths") or {}).items():
        apigateway_v1._import_path_item(api_id, path, item, schemes, spec.get("security"))
    return _described(api_id, 200)


def _described(api_id: str, status: int) -> Response:
    view = apigateway_v1._rest_api_view(apigateway_v1._rest_apis[api_id])
    answer: Response = apigateway_v1._v1_response(view, status)
    return answer


def _api_settings(spec: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"name": str(spec["info"]["title"]), "version": str(spec["info"]["version"])}
    if "x-amazon-apigateway-binary-media-types" in spec:
        settings["binaryMediaTypes"] = spec["x-amazon-apigateway-binary-media-types"]
    if "x-amazon-apigateway-policy" in spec:
        settings["policy"] = json.dumps(spec["x-amazon-apigateway-policy"])
    return settings


def payload_limits() -> None:
    """Bodies of any size reach the function upstream.

    AWS refuses a body above 10 MiB with 413 and plain text. What is left may still exceed the 6 MiB that a
    function can be called with, base64 included: 413 `{"message": "Request Too Long"}`, or what the API has put in the
    place of REQUEST_TOO_LARGE.
    """
    upstream = apigateway_v1.handle_execute
    upstream_proxy = apigateway_v1._build_lambda_event_v1

    async def handle_execute(
        api_id: str, stage: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        if len(body or b"") > API_BODY_LIMIT_BYTES:
            text = f"HTTP content length exceeded {API_BODY_LIMIT_BYTES} bytes."
            return 413, {"Content-Type": "text; charset=utf-8"}, text.encode()
        try:
            answer: Response = await upstream(api_id, stage, method, path, headers, body, query)
        except _EventTooLarge:
            return _refused(api_id, stage, path, headers, "REQUEST_TOO_LARGE", "Request Too Long")
        return answer

    def build_lambda_event(*args: Any, **options: Any) -> Any:
        event = upstream_proxy(*args, **options)
        body = event["body"] or ""
        if len(body) > LAMBDA_PAYLOAD_LIMIT_BYTES // 6 and len(json.dumps(event)) > LAMBDA_PAYLOAD_LIMIT_BYTES:
            raise _EventTooLarge
        return event

    apigateway_v1.handle_execute = handle_execute
    apigateway_v1._build_lambda_event_v1 = build_lambda_event


def _refused(api_id: str, stage: str, path: str, headers: dict[str, str], kind: str, message: str) -> Response:
    error = apigateway_v1._GatewayError(kind, message, "BadRequestException")
    request = {
        "api_id": api_id,
        "stage": apigateway_v1._stages_v1[api_id][stage],
        "stage_name": stage,
        "headers": headers,
        "query_params": {},
        "path_params": {},
        "resource_path": path,
        "request_id": str(uuid.uuid4()),
    }
    answer: Response = apigateway_v1._gateway_error_response(error, request)
    return answer


class _EventTooLarge(Exception):
    """The event is larger than a function can be called with."""


def content_codings() -> None:
    """Upstream hands a compressed body on as it is, made a text.

    AWS decompresses gzip and deflate, leaves the header Content-Encoding as it was, and answers 415 to any other coding
    and to what is not compressed as it says:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-make-request-with-compressed-payload.html
    """
    upstream = apigateway_v1.handle_execute

    async def handle_execute(
        api_id: str, stage: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        coding = headers.get("content-encoding", "").strip().lower()
        try:
            body = _decompressed(body, coding) if body and coding not in ("", "identity") else body
        except (KeyError, zlib.error):
            return _refused(api_id, stage, path, headers, "UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
        answer: Response = await upstream(api_id, stage, method, path, headers, body, query)
        return answer

    apigateway_v1.handle_execute = handle_execute


def _decompressed(body: bytes, coding: str) -> bytes:
    """At most a byte more than an API takes. Raises KeyError for another coding, zlib.error for what is not so or not
    whole."""
    stream = zlib.decompressobj({"gzip": 31, "deflate": 15}[coding])
    content = stream.decompress(body, API_BODY_LIMIT_BYTES + 1)
    if not stream.eof and len(content) <= API_BODY_LIMIT_BYTES:
        raise zlib.error("not whole")
    return content


def encoded_paths() -> None:
    """Upstream decodes a path before it looks for the route, so that `%2F` splits a path parameter in two.

    A REST API matches routes on the encoded path, and hands `path` and `pathParameters` on as the caller has
    encoded them; only the query string is decoded. (HTTP APIs differ; Chalice makes REST APIs.)
    """
    upstream = ministack_app._handle_special_data_plane_request

    async def handle_request(method: str, path: str, *args: Any, raw_path: str | None = None, **options: Any) -> Any:
        if raw_path and "/_user_request_/" in raw_path:
            path = raw_path
        return await upstream(method, path, *args, raw_path=raw_path, **options)

    ministack_app._handle_special_data_plane_request = handle_request
