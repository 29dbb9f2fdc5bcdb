"""The bodies of commands: who wants it and why is recorded in the order's events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.api.http import problems
from chalicelib.api.http.body import json_object
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.request import Request
from chalicelib.auth.tokens import Principal
from chalicelib.orders.invalid_payload import path_of
from chalicelib.orders.payload import WHOLE, Name
from chalicelib.recovery.group_jobs import MAX_RATE_PER_S

MAX_COMMAND_BYTES = 10_000
DEFAULT_RATE_PER_S = 20

Model = TypeVar("Model", bound=BaseModel)


class CommandIn(BaseModel):
    """Why an order is cancelled, redriven or discarded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Name = Field(description="For whoever reads the order's events later", examples=["customer called"])
    by: Name | None = Field(default=None, description="Who wants it, if the token is shared", examples=["M. Ito"])

    def actor(self, principal: Principal) -> str:
        """Who it was, for the events: the token always, the person if given."""
        return f"{self.by or principal.label or principal.role} (token {principal.token_id})"


class GroupCommandIn(CommandIn):
    """The same for a whole group of dead letters."""

    rate_per_s: Annotated[int, WHOLE] = Field(
        default=DEFAULT_RATE_PER_S, strict=True, ge=1, le=MAX_RATE_PER_S, description="Orders per second", examples=[20]
    )


def parse(model: type[Model], body: Mapping[str, Any]) -> Model:
    """Raises Problem (422) naming every wrong field; the input itself is never repeated."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = [FieldError(path_of(item["loc"]), item["msg"]) for item in found]
        raise Problem(problems.VALIDATION, "Some fields of the command are wrong.", errors) from None


def command(request: Request, model: type[Model]) -> Model:
    """The command in the body. Raises Problem (400, 413, 415, 422)."""
    return parse(model, json_object(request, MAX_COMMAND_BYTES))
