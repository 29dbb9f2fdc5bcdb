"""[write_back]: each statement, run for an order that does not exist, and rolled back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chalicelib.domain.errors import OrderbridgeError
from chalicelib.mapping.values import Value
from poller.database.connection import ErpConnection
from poller.errors import UnreadableValue
from poller.onboarding.checks.subject import CheckResult, Level, SourceUnderTest
from poller.source.model import Source
from poller.source.statements import compile_statement

UNKNOWN_ORDER = "orderbridge-check-no-such-order"


def check_write_back(subject: SourceUnderTest) -> Iterator[CheckResult]:
    """Run each statement for an order that does not exist, in a transaction that is rolled back."""
    outcomes = subject.source.write_back.by_outcome
    if not outcomes:
        yield CheckResult(
            Level.WARNING, "write_back", "the ERP will not be told anything", "add statements if it should be"
        )
        return
    silent = sorted({"confirmed", "rejected"} - set(outcomes))
    if silent:
        text = f"there is no statement for {', '.join(silent)}"
        yield CheckResult(Level.WARNING, "write_back", text, "the ERP's people would have to look elsewhere")
    connection = subject.writable()
    try:
        for outcome, statements in outcomes.items():
            yield _tried(subject.source, connection, outcome, statements)
    finally:
        connection.close()


def _tried(source: Source, connection: ErpConnection, outcome: str, statements: Sequence[str]) -> CheckResult:
    where = f"write_back.{outcome}"
    texts = ("reason_code", "reason", "confirmation_number", "order_id", "status", "external_id")
    values: dict[str, Value] = {**dict.fromkeys(texts, UNKNOWN_ORDER), "occurred_at": "2026-01-01 00:00:00"}
    if source.write_back.key_pattern is not None:
        values.update(dict.fromkeys(re.compile(source.write_back.key_pattern).groupindex, UNKNOWN_ORDER))
    try:
        changed = 0
        for sql in statements:
            statement = compile_statement(sql)
            changed += max(0, connection.execute(statement.sql, statement.bind(values)))
    except (OrderbridgeError, UnreadableValue) as error:
        return CheckResult(
            Level.PROBLEM, where, str(error), "fix the statement, or grant the account the right to change"
        )
    finally:
        connection.end()
    if changed:
        text = f"changes {changed} rows for an order that does not exist (undone)"
        return CheckResult(Level.PROBLEM, where, text, "it needs a WHERE with :external_id")
    return CheckResult(Level.FINE, where, "runs, and changes nothing for an unknown order")
