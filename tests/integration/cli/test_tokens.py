"""The `tokens` command: create, list, rotate, revoke; a token is shown once and never again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.control.tokens import DynamoDbTokens
from chalicelib.adapters.memory import FixedClock
from chalicelib.auth.issue import TokenIssuer
from chalicelib.auth.tokens import Principal, Role, authorize
from tests.support.api import seeded_entropy
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.cli import Ended, typed


class Terminal:
    """One operator's session over the real table."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self.issuer = issuer
        self.all_output = ""

    def run(self, *arguments: str) -> Ended:
        ended = typed("tokens", *arguments, token_issuer=self.issuer)
        self.all_output += ended.out + ended.err
        return ended

    def create(self, *arguments: str) -> str:
        """The new token."""
        code, out, _ = self.run("create", *arguments)
        assert code == 0
        return out.strip()

    def holder(self, token: str) -> Principal | None:
        found = authorize(self.issuer.store, token, self.issuer.clock.now())
        return found if isinstance(found, Principal) else None


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with moto_dynamodb() as client:
        store = DynamoDbTokens(client, SETTINGS.name("control"))
        yield Terminal(TokenIssuer(store, FixedClock(), seeded_entropy()))


def test_a_created_token_stands_alone_on_standard_output_and_works(terminal: Terminal) -> None:
    code, out, err = terminal.run(
        "create", "--role", "ingest", "--source", "sap-emea", "--days", "90", "--label", "SAP production"
    )
    assert code == 0
    token = out.removesuffix("\n")
    assert token.startswith("ob_")
    holder = terminal.holder(token)
    assert holder is not None
    assert (holder.role, holder.source, holder.label) == (Role.INGEST, "sap-emea", "SAP production")
    assert "ingest for sap-emea, valid until 2027-02-21T10:15+00:00" in err
    assert token not in err


def test_the_table_holds_no_secret(terminal: Terminal) -> None:
    token = terminal.create("--role", "operate")
    client = terminal.issuer.store.client  # type: ignore[attr-defined]
    items = json.dumps(client.scan(TableName=SETTINGS.name("control"))["Items"])
    assert token.split("_")[1] in items
    assert token.split("_", 2)[2] not in items


def test_the_list_shows_everything_but_secrets(terminal: Terminal) -> None:
    tokens = [
        terminal.create("--role", "read", "--days", "1"),
        terminal.create("--role", "operate", "--label", "night"),
    ]
    terminal.run("revoke", tokens[1].split("_")[1])
    code, out, _ = terminal.run("list")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["id", "role", "source", "state", "created_at", "expires_at", "label"]
    assert sorted(row[1:4] for row in rows[1:]) == [["operate", "-", "revoked"], ["read", "-", "valid"]]
    listed = json.loads(terminal.run("list", "--json")[1])
    assert {row["id"] for row in listed} == {token.split("_")[1] for token in tokens}
    assert not any(token.split("_", 2)[2] in out + json.dumps(listed) for token in tokens)


def test_an_empty_list_is_a_heading(terminal: Terminal) -> None:
    assert terminal.run("list")[1].split()[0] == "id"
    assert terminal.run("list", "--json")[1].strip() == "[]"


def test_rotating_keeps_both_valid_for_the_overlap(terminal: Terminal) -> None:
    old = terminal.create("--role", "ingest", "--source", "sap-emea")
    code, out, err = terminal.run("rotate", old.split("_")[1], "--overlap", "24h")
    new = out.strip()
    assert code == 0
    assert "1 day" in err
    assert terminal.holder(old)
    assert terminal.holder(new)
    terminal.issuer.clock.advance(86_400)  # type: ignore[attr-defined]
    assert terminal.holder(old) is None
    holder = terminal.holder(new)
    assert holder is not None
    assert holder.source == "sap-emea"


def test_revoking_ends_it(terminal: Terminal) -> None:
    token = terminal.create("--role", "read")
    code, _, err = terminal.run("revoke", token.split("_")[1])
    assert (code, "within 60 s" in err) == (0, True)
    assert terminal.holder(token) is None


def test_what_cannot_be_done_is_a_sentence_and_exit_code_1(terminal: Terminal) -> None:
    for arguments, why in [
        (("create", "--role", "ingest"), "needs the source"),
        (("create", "--role", "read", "--source", "sap-emea"), "leave the source out"),
        (("create", "--role", "read", "--days", "401"), "at most 400 days"),
        (("revoke", "abcdefghijkl"), "there is no token abcdefghijkl"),
        (("rotate", "abcdefghijkl", "--overlap", "1h"), "there is no token abcdefghijkl"),
    ]:
        code, out, err = terminal.run(*arguments)
        assert (code, out) == (1, "")
        assert err.startswith("Refused: ")
        assert why in err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("create",),
        ("create", "--role", "admin"),
        ("create", "--role", "read", "--days", "soon"),
        ("create", "--role", "read", "--days", "0"),
        ("rotate", "x", "--overlap", "later"),
        ("revoke",),
    ],
)
def test_a_wrong_command_line_is_explained(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    ended = terminal.run(*arguments)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
