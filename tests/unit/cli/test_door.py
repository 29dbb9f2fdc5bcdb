"""`python -m chalicelib`: what it lists, how its help reads, and how each way of failing ends."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib import __version__
from chalicelib.__main__ import main
from chalicelib.cli.commands import BY_NAME, COMMANDS, DEVELOPERS, OPERATORS, Command
from chalicelib.cli.context import Context, operator_settings
from chalicelib.cli.errors import NotDone, WrongCall
from chalicelib.cli.page import page
from chalicelib.cli.parser import leaves, listing, parser_of
from chalicelib.domain.errors import (
    Contention,
    DependencyTimeout,
    DependencyUnavailable,
    Misconfigured,
    OrderbridgeError,
    Refused,
)
from chalicelib.wiring.application import Application
from tests.support.cli import typed
from tests.support.repository import ROOT, sources

HEAVY = ("boto3", "botocore", "chalice", "pydantic", "msgspec", "aws_lambda_powertools")
LEAVES = [
    pytest.param(command, leaf, id=leaf.prog.removeprefix("python -m chalicelib "))
    for command in COMMANDS
    for leaf in leaves(parser_of(command))
]
EVERY = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


class TestListing:
    def test_every_module_of_the_two_rooms_is_a_command(self) -> None:
        helpers = {"__init__", "checkout"}
        for group, folder in ((OPERATORS, "operators"), (DEVELOPERS, "developers")):
            modules = {path.stem for path in sources(f"chalicelib/cli/{folder}")} - helpers
            assert modules == {c.name.replace("-", "_") for c in COMMANDS if c.group == group}

    @pytest.mark.parametrize("width", [80, 120])
    def test_it_has_one_line_for_each_that_fits(self, width: int) -> None:
        lines = listing(width).splitlines()
        for command in COMMANDS:
            assert sum(line.split()[:1] == [command.name] for line in lines) == 1
        assert max(map(len, lines)) <= width

    def test_asking_for_it_is_done_and_asking_for_nothing_is_a_wrong_call(self) -> None:
        assert typed("--help") == (0, typed("-h").out, "")
        code, out, err = typed()
        assert (code, out, err) == (2, "", typed("--help").out)

    def test_it_imports_no_library(self) -> None:
        program = (
            "import io, sys; from chalicelib.__main__ import main; from chalicelib.cli.context import *\n"
            "main(['--help'], Context(operator_application, io.StringIO(), sys.stderr))\n"
            f"print([name for name in {HEAVY} if name in sys.modules])"
        )
        command = [sys.executable, "-c", program]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"

    def test_the_version_is_told(self) -> None:
        assert typed("--version") == (0, f"orderbridge {__version__}\n", "")


class TestHelp:
    @pytest.mark.parametrize("columns", [80, 120])
    @pytest.mark.parametrize(("command", "leaf"), LEAVES)
    def test_it_fits_the_terminal_and_has_an_example(
        self, command: Command, leaf: argparse.ArgumentParser, columns: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        for parser in (parser_of(command), leaf):
            text = parser.format_help()
            assert max(map(len, text.splitlines())) <= columns
            assert f"\n  {leaf.prog}" in leaf.format_help().split("Example")[1]
            assert "None" not in text

    @EVERY
    def test_it_is_printed_and_nothing_is_done(self, command: Command, capsys: pytest.CaptureFixture[str]) -> None:
        assert typed(command.name, "--help").code == 0
        assert capsys.readouterr().out.startswith(f"usage: python -m chalicelib {command.name}")

    @EVERY
    def test_its_examples_are_right(self, command: Command) -> None:
        for example in command.examples:
            name, *arguments = example.split(" > ")[0].split()
            assert name == command.name
            parser_of(command).parse_args(arguments)

    def test_the_page_is_what_the_commands_say(self) -> None:
        assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == page()


class TestStage:
    @pytest.mark.parametrize(("command", "leaf"), LEAVES)
    def test_all_commands_that_need_one_take_it_alike(self, command: Command, leaf: argparse.ArgumentParser) -> None:
        found = [action for action in leaf._actions if action.option_strings == ["--stage"]]
        assert len(found) == command.staged
        assert command.staged or command.group == DEVELOPERS
        if found:
            assert (found[0].choices, found[0].default) == (["dev", "local", "prod"], "")

    def test_a_stage_that_is_none_is_a_wrong_call(self) -> None:
        ended = typed("parking", "list", "--stage", "prdo")
        assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)

    @pytest.mark.parametrize(("stage", "said"), [("", "no stage is given"), ("prdo", "there is no stage 'prdo'")])
    def test_so_is_one_that_the_environment_does_not_name(self, stage: str, said: str) -> None:
        with pytest.raises(WrongCall, match=said):
            operator_settings("", {"ORDERBRIDGE_STAGE": stage})

    def test_the_option_is_stronger_than_the_environment(self) -> None:
        environ = {"ORDERBRIDGE_STAGE": "dev", "AWS_REGION": "eu-central-1", "ORDERBRIDGE_ACCOUNT_ID": "1" * 12}
        assert operator_settings("prod", environ).stage == "prod"
        assert operator_settings("", environ).stage == "dev"

    def test_the_application_is_asked_for_that_stage(self) -> None:
        asked: list[str] = []

        def application(stage: str) -> Application:
            asked.append(stage)
            raise NotDone("it does not matter here")

        for arguments in (["faults", "list"], ["replay", "--stage", "prod"]):
            main(arguments, Context(application, io.StringIO(), io.StringIO()))
        assert asked == ["", "prod"]


def ended_by(error: BaseException) -> tuple[int, str]:
    """Exit code and standard error of a command that fails like this."""

    def application(stage: str) -> Application:
        raise error

    err = io.StringIO()
    code = main(["faults", "list"], Context(application, io.StringIO(), err))
    return code, err.getvalue()


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "line"),
        [
            (NotDone("no; do"), "NotDone: no; do"),
            (Refused("not now"), "Refused: not now"),
            (Misconfigured("A is wrong: set it"), "Misconfigured: A is wrong: set it"),
            (Contention("two\nlines"), "Contention: two lines; repeat it"),
            (DependencyUnavailable("S3", "down"), "DependencyUnavailable: S3 is unavailable: down; repeat it"),
            (DependencyTimeout("S3", "late"), "DependencyTimeout: S3 did not answer: late; it may have happened"),
            (FileNotFoundError(2, "No such file", "a.toml"), "FileNotFoundError: a.toml: No such file; is the path"),
            (OSError("odd"), "OSError: odd; is the path"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_what_could_not_be_done_is_one_line_and_1(self, error: OrderbridgeError, line: str) -> None:
        code, said = ended_by(error)
        assert (code, said.count("\n"), said.startswith(line)) == (1, 1, True), said

    def test_a_wrong_call_is_one_line_and_2(self) -> None:
        assert ended_by(WrongCall("so not; so")) == (2, "WrongCall: so not; so\n")

    def test_ctrl_c_and_a_closed_pipe_are_not_commented(self) -> None:
        assert ended_by(KeyboardInterrupt()) == (130, "")
        assert ended_by(BrokenPipeError()) == (141, "")

    def test_a_bug_is_not_hidden(self) -> None:
        with pytest.raises(ZeroDivisionError):
            ended_by(ZeroDivisionError())

    def test_a_misspelt_command_is_guessed(self) -> None:
        code, _, err = typed("tokns", "list")
        assert (code, "did you mean tokens?" in err) == (2, True)
        assert typed("xyzzy").code == 2

    @EVERY
    def test_what_is_left_over_is_a_wrong_call(self, command: Command) -> None:
        code, out, err = typed(command.name, "--no-such-option")
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert f"see `python -m chalicelib {command.name} --help`" in err


class TestDevelopers:
    @pytest.mark.parametrize("name", ["generate", "openapi"])
    def test_what_is_checked_in_is_fresh(self, name: str) -> None:
        assert typed(name, "--check") == (0, "", "")

    def test_tables_and_templates_are_printed(self) -> None:
        assert "waits for" in typed("timeouts").out
        assert typed("workflow", "--mermaid").out.startswith("stateDiagram")
        assert typed("template", "--stage", "prod").out.startswith("{")


@pytest.fixture
def nobody_reads() -> Iterator[int]:
    """A pipe's writing end whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("arguments", [["workflow"], ["--help"], ["tokens", "--help"]], ids=" ".join)
def test_output_that_nobody_reads_ends_quietly(nobody_reads: int, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "chalicelib", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=nobody_reads, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (141, "")


def test_output_that_cannot_be_written_is_said() -> None:
    command = [sys.executable, "-m", "chalicelib", "timeouts"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.startswith("OSError: No space left")) == (1, True)


def test_names_are_as_people_type_them() -> None:
    assert all(name == name.lower() and "_" not in name for name in BY_NAME)
