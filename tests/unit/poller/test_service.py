"""Around a poll: leases, time, blackouts, the circuit breaker, the service's rhythm, secrets, the Lambda's turns."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.domain.errors import DependencyUnavailable, Misconfigured
from chalicelib.domain.order import OrderContent
from chalicelib.orders.accept import Accepted
from chalicelib.orders.again import ASKED, Terms
from poller.database.secrets import resolve
from poller.errors import InvalidSourceFile
from poller.lambda_handler import poll_due_sources
from poller.polling.breaker import FAILURES_TO_OPEN, Breaker
from poller.polling.poll import poll_source
from poller.polling.seen_rows import RecentRows
from poller.polling.service import Service
from poller.source.blackout import in_blackout
from poller.source.file import parse_source
from tests.support.builders import NOW
from tests.support.poller.erp import PollerBench, SqliteErp, bench, source_text

CURSOR = 'mode = "timestamp+id"\ncolumn = "changed_at"\nzone = "utc"'


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[SqliteErp]:
    made = SqliteErp(tmp_path / "erp.db")
    made.add(1)
    made.add(2)
    yield made
    made.db.close()


@pytest.fixture
def poller(erp: SqliteErp) -> Iterator[PollerBench]:
    made = bench(source_text(f'sqlite = "{erp.path}"', CURSOR))
    yield made
    made.close()


def test_a_source_that_somebody_else_polls_is_left_alone(poller: PollerBench) -> None:
    lease = poller.watermarks.acquire("erp", "somebody", NOW, timedelta(minutes=1))
    assert lease is not None
    assert poller.poll().outcome == "busy"
    poller.watermarks.release(lease)
    assert poller.poll().outcome == "finished"


def test_who_loses_the_lease_stops_and_saves_nothing(poller: PollerBench) -> None:
    class TakenAway:
        """Another poller takes over while the first order is accepted."""

        def accept(
            self, content: OrderContent, correlation_id: str, channel: str = "rest", terms: Terms = ASKED
        ) -> Accepted:
            poller.watermarks.take_over("erp", "other", NOW, timedelta(minutes=1))
            return poller.intake.accept(content, correlation_id, channel, terms)

    report = poll_source(poller.loaded, replace(poller.services, intake=TakenAway()))
    assert report.outcome == "lease-lost"
    assert poller.watermarks.load("erp").position is None


def test_orders_that_cannot_be_accepted_now_come_again(poller: PollerBench) -> None:
    class Down:
        def accept(
            self, content: OrderContent, correlation_id: str, channel: str = "rest", terms: Terms = ASKED
        ) -> Accepted:
            raise DependencyUnavailable("DynamoDB", "throttled")

    report = poll_source(poller.loaded, replace(poller.services, intake=Down()))
    assert (report.outcome, report.failed) == ("intake-unavailable", True)
    assert poller.watermarks.load("erp").position is None
    assert poller.poll().counts.accepted == 2


def test_an_erp_that_is_down_is_tried_less_and_less(poller: PollerBench, erp: SqliteErp) -> None:
    hidden = erp.path.with_suffix(".away")
    erp.path.rename(hidden)
    for _ in range(FAILURES_TO_OPEN):
        assert poller.poll().outcome == "unavailable"
    assert poller.poll().outcome == "circuit-open"
    hidden.rename(erp.path)
    assert poller.poll().outcome == "circuit-open"
    poller.clock.advance(31)
    assert poller.poll().outcome == "finished"


def test_trouble_with_our_own_tables_is_not_blamed_on_the_erp(poller: PollerBench) -> None:
    class Throttled:
        def __getattr__(self, name: str) -> object:
            raise DependencyUnavailable("DynamoDB", "throttled")

    for _ in range(FAILURES_TO_OPEN + 1):
        report = poll_source(poller.loaded, replace(poller.services, findings=Throttled()))  # type: ignore[arg-type]
        assert report.outcome == "intake-unavailable"


def test_the_pause_of_the_breaker_doubles_up_to_its_bound() -> None:
    breaker, pauses = Breaker(), []
    for _ in range(12):
        breaker.failure(NOW)
        pauses.append((breaker.open_until - NOW).total_seconds() if breaker.open_until else 0)
    assert pauses == [0, 0, 30, 60, 120, 240, 480, 600, 600, 600, 600, 600]


def test_blackouts_follow_the_sources_time_zone_and_span_midnight() -> None:
    text = source_text('sqlite = "x"', CURSOR, more='timezone = "Europe/Berlin"')
    window = '[[blackouts]]\ndays = ["fri"]\nstart = 22:00:00\nend = 03:00:00\n'
    source = parse_source(text + window).source

    def at(day: int, hour: int) -> bool:
        return in_blackout(source, datetime(2026, 11, day, hour, 30, tzinfo=UTC))

    assert not at(20, 20)  # Friday 21:30 in Berlin
    assert at(20, 21)
    assert at(21, 1)  # Saturday 02:30
    assert not at(21, 2)
    assert not at(21, 22)


def test_a_blackout_keeps_the_poller_away(poller: PollerBench) -> None:
    text = source_text('sqlite = "missing"', CURSOR) + "[[blackouts]]\nstart = 00:00:00\nend = 23:59:59\n"
    poller.use(text)
    assert poller.poll().outcome == "blackout"


def test_the_service_polls_at_its_interval_and_at_once_while_there_is_more(poller: PollerBench) -> None:
    service = Service([poller.loaded], poller.services)
    assert [report.outcome for report in service.tick()] == ["finished"]
    assert service.tick() == ()
    poller.clock.advance(61)
    assert len(service.tick()) == 1
    service.stop()
    poller.clock.advance(61)
    assert service.tick() == ()


def test_the_lambda_gives_every_source_its_turn(poller: PollerBench) -> None:
    sources = [poller.loaded, replace(poller.loaded, source=poller.loaded.source.model_copy(update={"name": "second"}))]
    reports = poll_due_sources(sources, poller.services, lambda: 60_000)
    assert [(report.source, report.counts.accepted) for report in reports] == [("erp", 2), ("second", 2)]
    assert poll_due_sources(sources, poller.services, lambda: 60_000) == ()
    poller.clock.advance(60)
    assert poll_due_sources(sources, poller.services, lambda: 15_000) == (), "too little time to begin"


def test_secrets_are_resolved_when_connecting_and_quoted_for_odbc() -> None:
    text = "UID=u;PWD=${env:PW};X=${secret:erp/x#password}"
    assert resolve(text, {"PW": "a;b}c"}, lambda name: '{"password": "p"}') == "UID=u;PWD={a;b}}c};X=p"
    with pytest.raises(Misconfigured, match="NOPE"):
        resolve("${env:NOPE}", {})
    with pytest.raises(Misconfigured, match="erp/x"):
        resolve("${secret:erp/x#password}", {}, lambda name: "not json")


@pytest.mark.parametrize("reference", ["${{env:PW}}", "${{secret:erp/x}}", "${ENV:PW}", "${env:}", "${PW}", "${env:PW"])
def test_what_looks_like_a_reference_and_is_none_is_never_a_password(reference: str) -> None:
    with pytest.raises(Misconfigured, match=r"write \$\{env:NAME\}") as refusal:
        resolve(f"UID=u;PWD={reference}", {"PW": "p"}, lambda name: "s")
    assert "UID" not in str(refusal.value), "what stands around it may be secret"


def test_a_resolved_secret_may_look_like_a_reference() -> None:
    assert resolve("PWD=${env:PW}", {"PW": "a${b"}) == "PWD={a${b}"


def test_the_advice_about_a_password_in_a_source_file_works_when_it_is_copied() -> None:
    plain = source_text("odbc = 'Driver=X;PWD=open-sesame'", CURSOR, dialect="postgresql")
    with pytest.raises(InvalidSourceFile) as refusal:
        parse_source(plain)
    advised = re.findall(r"\$\S+\}", str(refusal.value))
    assert advised
    for reference in advised:
        source = parse_source(plain.replace("open-sesame", reference)).source
        resolved = resolve(source.connection.odbc or "", {"NAME": "from-outside"}, lambda name: "from-outside")
        assert resolved == "Driver=X;PWD=from-outside"


def test_every_poll_is_logged_once_by_the_one_who_knows_its_outcome(
    poller: PollerBench, caplog: pytest.LogCaptureFixture
) -> None:
    disabled = replace(poller.loaded, source=poller.loaded.source.model_copy(update={"enabled": False}))
    with caplog.at_level(logging.INFO):
        poll_source(poller.loaded, poller.services)
        poll_source(disabled, poller.services)
    lines = [record.__dict__ for record in caplog.records if "outcome" in record.__dict__]
    assert [(line["outcome"], line["accepted"]) for line in lines] == [("finished", 2), ("disabled", 0)]


def test_what_the_last_pass_did_not_see_again_is_forgotten() -> None:
    recent = RecentRows(most=2)
    recent.remember((1,), b"a")
    recent.begin_pass()
    assert recent.knows((1,), b"a")
    assert not recent.knows((1,), b"b")
    recent.begin_pass()
    assert not recent.knows((1,), b"a")
    for number in range(5):
        recent.remember((number,), b"x")
    assert len(recent) == 2


def test_help_lists_the_commands() -> None:
    done = subprocess.run([sys.executable, "-m", "poller", "--help"], capture_output=True, text=True, check=True)
    assert "run" in done.stdout


def test_the_service_ends_on_sigterm(tmp_path: Path, erp: SqliteErp) -> None:
    """The real process; its AWS is unreachable, so every poll fails, and it goes on until told to stop."""
    (tmp_path / "erp.toml").write_text(source_text(f'sqlite = "{erp.path}"', CURSOR))
    environ = {
        **os.environ,
        "ORDERBRIDGE_STAGE": "test",
        "ORDERBRIDGE_ACCOUNT_ID": "123456789012",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "poller", "run", "--source-dir", str(tmp_path)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert b"polling erp" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(600) == 0
