"""Versions: what changed is live, what did not change is left, and a few are kept to go back to."""

from __future__ import annotations

import io
import json
import zipfile
from itertools import count
from typing import Any

import pytest

from chalicelib.deploy.versions import KEPT_VERSIONS, Versions
from local.emulator.aws import LocalAws

_names = count(1)


def bundle(answer: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", f"def handler(event, context):\n    return {answer}\n")
    return packed.getvalue()


class Function:
    """A Lambda function of one test."""

    def __init__(self, aws: LocalAws) -> None:
        self.name = f"function-{next(_names)}"
        self.client = aws.client("lambda")
        self.said: list[str] = []
        self.versions = Versions(self.client, self.said.append)
        self.client.create_function(
            FunctionName=self.name,
            Runtime="python3.11",
            Handler="app.handler",
            Role=f"arn:aws:iam::{aws.account_id}:role/any",
            Code={"ZipFile": bundle(0)},
        )

    def change(self, answer: int) -> None:
        self.client.update_function_code(FunctionName=self.name, ZipFile=bundle(answer))

    def publish(self) -> bool:
        return self.versions.publish(self.name, "live")

    def answer(self) -> Any:
        return json.loads(self.client.invoke(FunctionName=self.name, Qualifier="live")["Payload"].read())

    def numbers(self) -> list[str]:
        found = self.client.list_versions_by_function(FunctionName=self.name)["Versions"]
        return [version["Version"] for version in found if version["Version"] != "$LATEST"]


@pytest.fixture
def function(local_aws: LocalAws) -> Function:
    return Function(local_aws)


def test_the_first_version_is_live(function: Function) -> None:
    assert function.publish() is True
    assert (function.numbers(), function.answer()) == (["1"], 0)
    assert function.said == [f"Function {function.name}: live is now version 1"]


def test_an_unchanged_function_gets_no_new_version(function: Function) -> None:
    function.publish()
    assert function.publish() is False
    assert function.numbers() == ["1"]


def test_a_change_is_live_only_once_it_is_published(function: Function) -> None:
    function.publish()
    function.change(7)
    assert function.answer() == 0
    assert function.publish() is True
    assert function.answer() == 7


def test_old_versions_go_except_those_that_are_in_use(function: Function) -> None:
    function.publish()
    function.client.create_alias(FunctionName=function.name, Name="somebody-elses", FunctionVersion="1")
    for answer in range(1, KEPT_VERSIONS + 3):
        function.change(answer)
        function.publish()
    assert function.numbers() == ["1", "4", "5", "6", "7", "8"]
    assert function.answer() == KEPT_VERSIONS + 2
