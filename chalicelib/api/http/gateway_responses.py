"""What API Gateway answers by itself, before a function of ours is asked, in the form of our problem documents.

`GATEWAY_RESPONSES` maps a type of gateway response to the arguments of PutGatewayResponse (and to the entries of
`x-amazon-apigateway-gateway-responses` in an imported API). Types and their default statuses:
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
Templates are not VTL here: variables are replaced, nothing else.
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib.api.http import problems
from chalicelib.api.http.content import CODINGS
from chalicelib.api.http.problem_of_error import RETRY_AFTER_SECONDS
from chalicelib.api.http.problems import Problem, ProblemType

_UNKNOWN_OUTCOME = (
    "The request was not answered in time. Repeat the very same request: what was done already is recognised."
)


def _gateway_response(kind: ProblemType, detail: str, **headers: str) -> dict[str, Any]:
    """`correlation_id` is API Gateway's request id, which our functions use too if the caller gives none."""
    document = Problem(kind, detail).document("", "$context.requestId")
    del document["instance"]
    parameters = {"Content-Type": problems.CONTENT_TYPE, **headers}
    return {
        "statusCode": str(kind.status),
        "responseParameters": {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in parameters.items()},
        "responseTemplates": {"application/json": json.dumps(document)},
    }


_RETRY = {"Retry-After": str(RETRY_AFTER_SECONDS)}

GATEWAY_RESPONSES: dict[str, dict[str, Any]] = {
    "UNAUTHORIZED": _gateway_response(
        problems.UNAUTHORIZED, "The token is missing, unknown, expired or revoked.", **{"WWW-Authenticate": "Bearer"}
    ),
    "ACCESS_DENIED": _gateway_response(problems.FORBIDDEN, "The token is not accepted here."),
    "MISSING_AUTHENTICATION_TOKEN": _gateway_response(
        problems.NOT_FOUND, "There is no such route, or not with this method; see /openapi.json."
    ),
    "REQUEST_TOO_LARGE": _gateway_response(problems.TOO_LARGE, "The request is larger than API Gateway takes."),
    "UNSUPPORTED_MEDIA_TYPE": _gateway_response(
        problems.UNSUPPORTED_MEDIA_TYPE,
        "The body is not compressed as Content-Encoding says, or in a way that is not known here.",
        **{"Accept-Encoding": CODINGS},
    ),
    "THROTTLED": _gateway_response(problems.TOO_MANY, "More requests than agreed.", **{"Retry-After": "1"}),
    "QUOTA_EXCEEDED": _gateway_response(problems.TOO_MANY, "The quota of the usage plan is spent."),
    "AUTHORIZER_FAILURE": _gateway_response(
        problems.UNAVAILABLE, "The token could not be checked at the moment; nothing was done.", **_RETRY
    ),
    "INTEGRATION_TIMEOUT": _gateway_response(problems.UNAVAILABLE, _UNKNOWN_OUTCOME, **_RETRY),
    "INTEGRATION_FAILURE": _gateway_response(problems.UNAVAILABLE, _UNKNOWN_OUTCOME, **_RETRY),
}
