"""[order] and [line]: the first orders and the latest ones, mapped as a poll would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from poller.database.keyset import Bound
from poller.database.queries import Select
from poller.errors import BadRow
from poller.onboarding.checks.subject import CheckResult, Level, SourceUnderTest
from poller.reading.convert import content_of
from poller.reading.mapping import Mapper
from poller.reading.reader import RawOrder, Reader

SAMPLE = 50


def check_sample(subject: SourceUnderTest) -> Iterator[CheckResult]:
    """The first orders and the latest ones, mapped as a poll would."""
    queries = subject.queries
    mapper = Mapper(subject.source, queries)
    orders = _raw_orders(subject)
    if not orders:
        text = "there are no orders"
        yield CheckResult(Level.WARNING, "orders", text, "is orders.where right? Does the account see the rows?")
        return
    faults: Counter[tuple[str, str, str]] = Counter()
    good = []
    for raw in orders:
        try:
            good.append(content_of(mapper, raw))
        except BadRow as bad:
            faults.update({(fault.field.partition("[")[0], fault.column, fault.reason) for fault in bad.faults})
    for (field, column, reason), count in faults.most_common(20):
        level = Level.PROBLEM if count > len(orders) // 2 else Level.WARNING
        text = f"{count} of {len(orders)} sample orders: {column or 'the row'} {reason}"
        fix = "a transform, a code or a default may be missing; as it is, they will be quarantined"
        yield CheckResult(level, f"order.{field}", text, fix)
    for content in good[:3]:
        text = (
            f"order {content.external_id} of {content.ordered_at:%Y-%m-%d %H:%M:%S} UTC: {len(content.lines)} lines, "
            f"{content.total}, customer {content.customer_id}, {content.payment.method}, to {content.ship_to.country}"
        )
        yield CheckResult(Level.FINE, "sample", text)
    wrong = [content for content in good if content.total not in content.possible_totals()]
    if wrong:
        text = f"{len(wrong)} of {len(good)} sample orders: the lines do not add up to the total"
        fix = "is the price net, the tax a fraction, the total gross? They would be rejected as total_mismatch"
        yield CheckResult(Level.PROBLEM if len(wrong) > len(good) // 2 else Level.WARNING, "order.total", text, fix)


def _raw_orders(subject: SourceUnderTest, size: int = SAMPLE) -> list[RawOrder]:
    """Up to `size` orders from the beginning and, where the cursor is a time, as many of the last days."""
    queries = subject.queries
    reader = Reader(subject.connection, queries, {})
    select = Select(queries.key_columns())
    found = list(reader.headers(select, None, size).orders)
    cursor = subject.source.cursor
    if cursor.mode == "timestamp+id":
        last = reader.last(Select(queries.cursor_columns))
        if last is not None:
            found += reader.headers(Select(queries.cursor_columns), Bound(last[:1], inclusive=True), size).orders
    unique = list({order.key: order for order in found}.values())
    try:
        return reader.with_lines(unique)
    finally:
        reader.end()
