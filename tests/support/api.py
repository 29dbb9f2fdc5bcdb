"""The API as API Gateway runs it: routes, authorizer, events as JSON; every answer is held to the OpenAPI document."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from chalice.local import ARNMatcher, RouteMatcher
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from chalicelib.adapters.memory import MemoryInventory, MemoryReferenceData
from chalicelib.adapters.memory.idempotency import MemoryIdempotencyKeys
from chalicelib.adapters.memory.tokens import MemoryTokens
from chalicelib.api.application import OrderbridgeApi
from chalicelib.api.authorizer import Unauthorized, authorizer_response
from chalicelib.api.blueprint import routes
from chalicelib.api.openapi.document import document
from chalicelib.api.services import ApiServices, Check
from chalicelib.auth.issue import Issued, TokenIssuer
from chalicelib.auth.tokens import CACHE_SECONDS, Role
from chalicelib.orders.accept import Intake
from chalicelib.orders.rehearse import Rehearse
from chalicelib.ports import EventStore, Projection
from tests.support.builders import CUSTOMER, GADGET, WIDGET
from tests.support.bulk import BulkBench
from tests.support.operations import FakeApplication

STAGE_ARN = "arn:aws:execute-api:eu-central-1:123456789012:abc123/api"


@dataclass
class Reply:
    """An answer as the client gets it."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def fields(self) -> list[str]:
        """The fields that a problem names."""
        return [error["field"] for error in self.json["errors"]]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


def seeded_entropy() -> Callable[[int], bytes]:
    """Repeatable bytes instead of the system's: every run makes the same tokens, each of them once."""
    return random.Random(7).randbytes


@dataclass
class ApiBench:
    """One deployed API on fakes in memory. `events` and `projection` may be replaced by ones that misbehave."""

    fakes: FakeApplication = field(default_factory=FakeApplication)
    tokens: MemoryTokens = field(default_factory=MemoryTokens)
    keys: MemoryIdempotencyKeys = field(default_factory=MemoryIdempotencyKeys)
    checks: list[Check] = field(default_factory=list)
    events: EventStore | None = None
    projection: Projection | None = None
    bulk: BulkBench = field(init=False)

    def __post_init__(self) -> None:
        self.bulk = BulkBench(self.fakes)
        self.reference = MemoryReferenceData([CUSTOMER], [WIDGET, GADGET])
        self.inventory = MemoryInventory(self.fakes.events)
        self.token_issuer = TokenIssuer(self.tokens, self.fakes.clock, seeded_entropy())
        self.ingest = self.token(Role.INGEST, "sap-emea").token
        self.read = self.token(Role.READ).token
        self.operate = self.token(Role.OPERATE).token
        self.app = self.make_app()
        self.cached: dict[str, dict[str, str]] = {}

    def token(self, role: Role, source: str = "", days: int = 90) -> Issued:
        return self.token_issuer.create(role, source, timedelta(days=days), f"{role} of the bench")

    def services(self) -> ApiServices:
        repository = self.fakes.repository("Intake")
        if self.events is not None:
            repository = type(repository)(self.events, repository.clock, repository.ids, repository.step)
        return ApiServices(
            intake=Intake(repository, self.fakes.workflow),
            events=self.events or self.fakes.events,
            projection=self.projection or self.fakes.projection,
            clock=self.fakes.clock,
            commands=self.fakes.commands,
            letters=self.fakes.letters,
            jobs=self.fakes.group_jobs,
            batches=self.bulk.service,
            keys=self.keys,
            rehearse=Rehearse(self.events or self.fakes.events, self.reference, self.inventory, self.fakes.clock),
            health=lambda: self.checks,
            version="0.0.0-test",
        )

    def make_app(self) -> Any:
        """One instance of the API's function: Chalice keeps the current request on its application object."""
        app = OrderbridgeApi("orderbridge")

        @app.authorizer(ttl_seconds=CACHE_SECONDS)  # type: ignore[untyped-decorator]
        def authorize(request: Any) -> Any:
            return authorizer_response(request, self.tokens, self.fakes.clock)

        app.register_blueprint(routes(self.services, authorize))
        return app

    def post(self, path: str, body: Any, token: str | None = None, **headers: str) -> Reply:
        return self.request("POST", path, body, token=token, headers=headers)

    def get(self, path: str, token: str | None = None, **headers: str) -> Reply:
        return self.request("GET", path, token=token, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        app: Any = None,
        is_base64: bool = False,
    ) -> Reply:
        """`body`: text or bytes as they are, anything else as JSON. Underscores in header names become dashes."""
        app = app or self.app
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if method == "POST":
            sent = {"Content-Type": "application/json", **sent}
        if token is not None:
            sent["Authorization"] = token if " " in token else f"Bearer {token}"
        event = self.event(app, method, path, body, sent, is_base64)
        refusal = self._authorize(app, event)
        if refusal is not None:
            return refusal
        raw = json.loads(json.dumps(app(json.loads(json.dumps(event)), _context())))
        reply = Reply(raw["statusCode"], raw["headers"], raw["body"])
        conforms(event["requestContext"]["resourcePath"], method, reply)
        return reply

    def authorized_event(self, method: str, path: str, token: str, body: Any = None) -> dict[str, Any]:
        """For tests that change the event before they pass it to `app`; without a Content-Type."""
        event = self.event(self.app, method, path, body, {"Authorization": f"Bearer {token}"})
        assert self._authorize(self.app, event) is None
        return event

    def event(
        self, app: Any, method: str, path: str, body: Any, headers: dict[str, str], is_base64: bool = False
    ) -> dict[str, Any]:
        """As API Gateway makes it (payload format 1.0): text as text, bytes only as far as they are UTF-8."""
        match = RouteMatcher(list(app.routes)).match_route(path)
        if isinstance(body, bytes):
            body = base64.b64encode(body).decode() if is_base64 else body.decode("utf-8", errors="replace")
        elif body is not None and not isinstance(body, str):
            body = json.dumps(body)
        return {
            "resource": match.route,
            "path": path.partition("?")[0],
            "httpMethod": method,
            "headers": headers or None,
            "multiValueQueryStringParameters": match.query_params or None,
            "pathParameters": match.captured or None,
            "stageVariables": None,
            "requestContext": {
                "httpMethod": method,
                "resourcePath": match.route,
                "path": "/api" + path.partition("?")[0],
                "requestId": f"gateway-{self.fakes.ids.token()}",
                "identity": {"sourceIp": "203.0.113.7"},
            },
            "body": body,
            "isBase64Encoded": is_base64,
        }

    def _authorize(self, app: Any, event: dict[str, Any]) -> Reply | None:
        """What API Gateway does with a TOKEN authorizer; `cached` stands for its cache if a test fills it."""
        context = event["requestContext"]
        route = app.routes[context["resourcePath"]].get(context["httpMethod"])
        if route is None or route.authorizer is None:
            return None
        token = (event["headers"] or {}).get("Authorization")
        if token is None:
            return Reply(401, {}, '{"message":"Unauthorized"}')
        arn = f"{STAGE_ARN}/{context['httpMethod']}{event['path']}"
        if token not in self.cached:
            try:
                answer = route.authorizer({"type": "TOKEN", "authorizationToken": token, "methodArn": arn}, None)
            except Unauthorized:
                return Reply(401, {}, '{"message":"Unauthorized"}')
            (statement,) = answer["policyDocument"]["Statement"]
            assert ARNMatcher(arn).does_any_resource_match(statement["Resource"])
            context["authorizer"] = {**answer["context"], "principalId": answer["principalId"]}
        else:
            context["authorizer"] = self.cached[token]
        assert all(isinstance(value, str) for value in context["authorizer"].values())
        return None


def _context() -> Any:
    return SimpleNamespace(aws_request_id="lambda-1", invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:x")


@cache
def _strict_document() -> dict[str, Any]:
    """The OpenAPI document, in which answers may have no field that it does not name."""
    closed = copy.deepcopy(document())
    for schema in closed["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return closed


def conforms(path: str, method: str, reply: Reply) -> None:
    """Asserts that the document describes this answer: status, media type, headers and every field."""
    description = _strict_document()
    operation = description["paths"].get(path, {}).get(method.lower())
    assert reply.header("X-Correlation-ID")
    assert reply.header("Cache-Control")
    if operation is None:  # not a route of ours: only the form of the problem is promised
        kind = "method-not-allowed" if path in description["paths"] else "not-found"
        operation = {"responses": {str(reply.status): {"$ref": f"#/components/responses/{kind}"}}}
    assert str(reply.status) in operation["responses"], f"{method} {path} -> {reply.status} is not documented"
    response = _resolved(operation["responses"][str(reply.status)])
    optional = ("Idempotent-Replayed", "Preference-Applied", "Link", *(["Retry-After"] if reply.status == 200 else []))
    if method == "POST" and reply.text and "would" in reply.json:  # of a dry run nothing has a place
        optional = (*optional, "Location")
    missing = [name for name in response["headers"] if not reply.header(name) and name not in optional]
    assert not missing, f"{missing} missing of {method} {path} {reply.status}"
    if method == "HEAD" or "content" not in response:
        assert reply.text == "", f"{method} {path} {reply.status} has a body, which is not documented"
        return
    media_type = (reply.header("Content-Type") or "").partition(";")[0]
    assert media_type in response["content"], f"{media_type} is not documented for {method} {path} {reply.status}"
    if media_type.endswith("json"):
        validator(response["content"][media_type]["schema"], description).validate(reply.json)


def validator(schema: dict[str, Any], description: dict[str, Any]) -> Any:
    """Checks values against a schema of that document."""
    return Draft202012Validator({**schema, "components": description["components"]})


def _resolved(item: dict[str, Any]) -> dict[str, Any]:
    reference = item.get("$ref")
    if reference is None:
        return item
    found: Any = _strict_document()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)
