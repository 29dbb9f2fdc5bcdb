"""REST APIs as Chalice makes them."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

from tests.conformance.lab import Lab, shows

ECHO = """
import json
def handler(event, context):
    body = {key: event[key] for key in ("path", "pathParameters", "multiValueQueryStringParameters")}
    body["size"] = len(event["body"] or "")
    body["text"] = (event["body"] or "")[:100]
    body["coding"] = event["headers"].get("content-encoding") or event["headers"].get("Content-Encoding")
    body["authorizer"] = event["requestContext"].get("authorizer")
    return {"statusCode": 200, "body": json.dumps(body)}
"""
AUTHORIZER = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    if event["authorizationToken"] == "unknown":
        raise Exception("Unauthorized")
    effect = "Deny" if event["authorizationToken"] == "denied" else "Allow"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
    return {"principalId": "alice", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"role": "ingest", "calls": calls}}
"""


def openapi(function: str, authorizer: str, path: str = "/orders/{order_id}") -> bytes:
    """The kind of document that Chalice sends."""

    def uri(arn: str) -> str:
        region = arn.split(":")[3]
        return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"

    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri(function)}
    operation: dict[str, Any] = {"x-amazon-apigateway-integration": integration}
    guard = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "token",
            "authorizerUri": uri(authorizer),
            "authorizerResultTtlInSeconds": 300,
        },
    }
    document = {
        "swagger": "2.0",
        "info": {"title": "orders", "version": "1.0"},
        "paths": {
            path: {"get": operation, "post": operation},
            "/secret": {"get": {**operation, "security": [{"guard": []}]}},
        },
        "securityDefinitions": {"guard": guard},
    }
    return json.dumps(document).encode()


def api(lab: Lab) -> tuple[str, bytes]:
    """URL of a deployed API, and its document."""
    document = openapi(lab.function(ECHO), lab.function(AUTHORIZER))
    client = lab.client("apigateway")
    parameters = {"endpointConfigurationTypes": "REGIONAL"}
    api_id = client.import_rest_api(body=document, parameters=parameters)["id"]
    client.create_deployment(restApiId=api_id, stageName="api")
    return lab.aws.api_url(api_id), document


@shows("api_gateway.import_from_openapi")
def an_imported_api_answers(lab: Lab) -> None:
    url, _ = api(lab)
    answer = lab.http(f"{url}/orders/o-1?sku=a&sku=b&note=x%20y")
    assert answer.status == 200
    assert answer.body["pathParameters"] == {"order_id": "o-1"}
    assert answer.body["multiValueQueryStringParameters"] == {"sku": ["a", "b"], "note": ["x y"]}


@shows("api_gateway.import_from_openapi")
def a_put_replaces_the_routes_and_keeps_the_address(lab: Lab) -> None:
    url, document = api(lab)
    changed = document.replace(b"/orders/", b"/purchases/")
    api_id = url.split("/")[4]
    lab.client("apigateway").put_rest_api(restApiId=api_id, mode="overwrite", body=changed)
    assert lab.http(f"{url}/purchases/o-1").status == 200
    assert lab.http(f"{url}/orders/o-1").status == 403
    assert lab.http(f"{url}/secret", Authorization="known").status == 200


@shows("api_gateway.import_from_openapi")
def an_authorizer_decides(lab: Lab) -> None:
    url, _ = api(lab)
    assert lab.http(f"{url}/secret").status == 401
    assert lab.http(f"{url}/secret", Authorization="unknown").status == 401
    assert lab.http(f"{url}/secret", Authorization="denied").status == 403
    first = lab.http(f"{url}/secret", Authorization="known").body["authorizer"]
    assert (first["principalId"], first["role"]) == ("alice", "ingest")
    assert lab.http(f"{url}/secret", Authorization="known").body["authorizer"]["calls"] == first["calls"]


@shows("api_gateway.encoded_paths")
def path_parameters_arrive_as_they_were_encoded(lab: Lab) -> None:
    url, _ = api(lab)
    answer = lab.http(f"{url}/orders/SO%2F1%20x")
    assert answer.status == 200
    assert answer.body["pathParameters"] == {"order_id": "SO%2F1%20x"}
    assert answer.body["path"] == "/orders/SO%2F1%20x"


@shows("api_gateway.payload_limits")
def large_bodies_are_refused(lab: Lab) -> None:
    url, _ = api(lab)
    large = 5 * 1024 * 1024
    assert lab.http(f"{url}/orders/o-1", body=b"x" * large).body["size"] == large
    refused = lab.http(f"{url}/orders/o-1", body=b"x" * 7 * 1024 * 1024)
    assert (refused.status, json.loads(refused.body)) == (413, {"message": "Request Too Long"})
    refused = lab.http(f"{url}/orders/o-1", body=b"x" * 11 * 1024 * 1024)
    assert (refused.status, refused.body) == (413, "HTTP content length exceeded 10485760 bytes.")
    assert lab.http(f"{url}/orders/o-1").status == 200


@shows("api_gateway.content_codings")
def compressed_bodies_arrive_as_text(lab: Lab) -> None:
    url, _ = api(lab)
    for coding, body in (("gzip", gzip.compress(b'{"a": 1}')), ("deflate", zlib.compress(b'{"a": 1}'))):
        answer = lab.http(f"{url}/orders/o-1", body=body, **{"Content-Encoding": coding})
        assert (answer.status, answer.body["text"], answer.body["coding"]) == (200, '{"a": 1}', coding)
    plain = lab.http(f"{url}/orders/o-1", body=b"plain", **{"Content-Encoding": "identity"})
    assert (plain.status, plain.body["text"]) == (200, "plain")


@shows("api_gateway.content_codings")
def what_cannot_be_decompressed_is_refused(lab: Lab) -> None:
    url, _ = api(lab)
    whole = gzip.compress(b"x" * 1000)
    for coding, body in (("br", b"x"), ("gzip", b"plain"), ("gzip", whole[:-9]), ("zstd", whole)):
        refused = lab.http(f"{url}/orders/o-1", body=body, **{"Content-Encoding": coding})
        assert (refused.status, json.loads(refused.body)) == (415, {"message": "Unsupported Media Type"})
    bomb = lab.http(f"{url}/orders/o-1", body=gzip.compress(b"x" * 40_000_000), **{"Content-Encoding": "gzip"})
    assert bomb.status == 413


def what_needs_no_adaptation(lab: Lab) -> None:
    """An unknown route is 403, as AWS has it; a function that fails is 502."""
    url, document = api(lab)
    assert lab.http(f"{url}/nowhere").status == 403
    failing = lab.function("def handler(event, context): raise RuntimeError").encode()
    known = json.loads(document)["paths"]["/secret"]["get"]["x-amazon-apigateway-integration"]["uri"]
    function = known.split("/functions/")[1].split("/")[0].encode()
    body = document.replace(function, failing)
    lab.client("apigateway").put_rest_api(restApiId=url.split("/")[4], mode="overwrite", body=body)
    assert lab.http(f"{url}/orders/o-1").status == 502
