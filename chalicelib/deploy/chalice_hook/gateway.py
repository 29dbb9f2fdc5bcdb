"""API Gateway's own answers in the form of our problem documents: part of the API's definition, so deployed with it.

Chalice has no setting for them (https://github.com/aws/chalice/issues/1268).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.api.http.gateway_responses import GATEWAY_RESPONSES

EXTENSION = "x-amazon-apigateway-gateway-responses"
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html"""


def with_gateway_responses(generate: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Around `SwaggerGenerator.generate_swagger` of Chalice."""

    def generate_swagger(self: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        return {**generate(self, *arguments, **options), EXTENSION: GATEWAY_RESPONSES}

    return generate_swagger
