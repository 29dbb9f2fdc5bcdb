"""What Schemathesis checks of every answer beside its own checks. Loaded by its command line (SCHEMATHESIS_HOOKS).

A request that the schema allows may be refused only for a rule that a schema cannot express. Those are written down
here, each with where the documents say so; anything else that is refused is a fault of the document or of the API.
"""

from __future__ import annotations

import re
from typing import Any

import schemathesis

from chalicelib.api.routes import METHODS

NOT_FOR_THE_SCHEMA = (401, 403, 404, 409, 412, 429)
"""Whose token it is, what there is, and in which state it is."""

RULES = {
    # docs/api.md, "Texts" and "Keys"
    r".*": r"must not contain control characters or invalid Unicode|must not begin or end with whitespace|holds U\+|"
    r"which stands for a missing value|error value of a spreadsheet|that a spreadsheet has shortened|is a formula",
    # docs/api.md, "Times", "Money"
    r"ordered_at": r"lies in the future by more than|must not lie before the year|must be a time of RFC 3339",
    r"total": r"has more decimals than|is too large to be an amount",
    # docs/api.md, "Countries"; each line has a number of its own
    r"ship_to\.postal_code": r"is needed in [A-Z]{2}",
    r"lines": r"two lines have the same line number",
    # docs/api.md, "Reading"
    r"cursor": r"must be the cursor of a `next` link|is not one of ours",
    r"to": r"must be later than `from`",
    r"from|to": r"must be a day such as",
    r"external_id|customer_id": r"must be as in the order",
    # with an order's id: the rate is that of a group
    r"rate_per_s": r"Extra inputs are not permitted",
    # docs/batches.md: a mapping is published first; what is expected says something, and of orders no bytes
    r"mapping": r"there is no CSV mapping",
    r"|expected": r"bytes and sha256 are of a file|must hold orders, total_by_currency",
    # docs/api.md, "Idempotency-Key"
    r"Idempotency-Key": r"was used with another path or body",
    # Schemathesis sends a tag without the quotes that the pattern asks for (4.32.5, coverage)
    r"If-Match|If-None-Match": r"entity tags in quotes",
}
"""Field -> message of a refusal that no schema could have foretold."""


@schemathesis.check
def refused_by_a_rule_only(ctx: Any, response: Any, case: Any) -> None:
    """In place of `positive_data_acceptance`, which knows no rules."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code < 400:
        return
    if _is_of_an_undeclared_method(case) or response.status_code in NOT_FOR_THE_SCHEMA:
        return
    if response.status_code in (400, 422) and _follows_a_rule(response):
        return
    text = response.content.decode(errors="replace")[:500]
    raise AssertionError(f"refused though the schema allows it, and no rule says so: {response.status_code} {text}")


@schemathesis.check
def undeclared_methods_are_405(ctx: Any, response: Any, case: Any) -> None:
    """In place of `unsupported_method`, which expects it of TRACE and QUERY, too: API Gateway does not know those, and
    answers 404."""
    if not _is_of_an_undeclared_method(case):
        return
    wanted = 405 if response.request.method in METHODS else 404
    allow = response.headers.get("allow")
    if response.status_code != wanted or (wanted == 405 and not allow):
        raise AssertionError(f"undeclared {response.request.method}: {response.status_code}, Allow: {allow}")


def _is_of_an_undeclared_method(case: Any) -> bool:
    scenario = getattr(case.meta.phase.data, "scenario", None) if case.meta else None
    return getattr(scenario, "name", "") == "UNSPECIFIED_HTTP_METHOD"


def _follows_a_rule(response: Any) -> bool:
    if response.request.method == "HEAD":
        return True  # it has no body that could say so; GET is asked as well
    errors = response.json().get("errors", [])
    return bool(errors) and all(
        any(
            re.fullmatch(rf"(?:{field})", error["field"]) and re.search(message, error["message"])
            for field, message in RULES.items()
        )
        for error in errors
    )
