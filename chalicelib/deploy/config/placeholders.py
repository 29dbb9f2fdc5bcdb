"""Documents that are written before the account and the region are known.

Policy files and the packaged template name them as CloudFormation does, `${AWS::AccountId}` and `${AWS::Region}`.
`chalice deploy` fills them in, a packaged template lets CloudFormation do so: either way every ARN ends up exact.
"""

from __future__ import annotations

from typing import Any

from chalicelib.settings import Settings

ACCOUNT, REGION = "${AWS::AccountId}", "${AWS::Region}"


def filled_in(document: Any, settings: Settings) -> Any:
    """A copy of the JSON document with the account and the region of `settings`."""
    if isinstance(document, dict):
        return {filled_in(key, settings): filled_in(value, settings) for key, value in document.items()}
    if isinstance(document, list):
        return [filled_in(value, settings) for value in document]
    if isinstance(document, str):
        return document.replace(ACCOUNT, settings.account_id).replace(REGION, settings.region)
    return document


def left_to_cloudformation(document: Any) -> Any:
    """A copy of the JSON document in which every string with a placeholder is an Fn::Sub."""
    if isinstance(document, dict):
        if "Fn::Sub" in document:
            return document
        return {key: left_to_cloudformation(value) for key, value in document.items()}
    if isinstance(document, list):
        return [left_to_cloudformation(value) for value in document]
    if isinstance(document, str) and (ACCOUNT in document or REGION in document):
        return {"Fn::Sub": document}
    return document
