"""`GET /orders/{id}/deliveries`: whether and when the ERP was told."""

from __future__ import annotations

from chalicelib.auth.tokens import Role
from chalicelib.domain.events import ErpAcknowledged, OrderConfirmed
from tests.support.acknowledgements.world import MemoryErp, World
from tests.support.api import ApiBench


def test_what_was_tried_and_when_it_was_told() -> None:
    bench, erp = ApiBench(), MemoryErp()
    world = World(erp, bench.fakes)
    world.set()
    order_id = world.order()
    path = f"/orders/{order_id}/deliveries"
    assert bench.get(path, bench.ingest).json == {"order_id": order_id, "told_at": None, "deliveries": []}
    world.confirm(order_id)
    erp.down = True
    world.tick()
    [waiting] = bench.get(path, bench.read).json["deliveries"]
    assert (waiting["state"], waiting["tries"], waiting["next_try_at"]) == ("WAITING", 1, "2026-11-23T10:15:15Z")
    assert waiting["attempts"][0]["status"] == 503
    erp.down = False
    bench.fakes.clock.advance(15)
    world.tick()
    answer = bench.get(path, bench.read).json
    assert answer["told_at"] == "2026-11-23T10:15:15Z"
    [told] = answer["deliveries"]
    assert (told["state"], told["about"], told["delivered_at"]) == ("DELIVERED", "CONFIRMED", answer["told_at"])
    assert (told["next_try_at"], told["problem"]) == (None, "")
    assert told["attempts"][1] == {"at": answer["told_at"], "duration_ms": 0, "status": 204, "error": ""}


def test_what_was_written_into_the_erps_tables_counts_too() -> None:
    bench = ApiBench()
    world = World(MemoryErp(), bench.fakes)
    order_id = world.order(OrderConfirmed("OB-1"), ErpAcknowledged("sql", "confirmed"))
    assert bench.get(f"/orders/{order_id}/deliveries", bench.read).json["told_at"] == "2026-11-23T10:15:00Z"


def test_of_another_source_or_an_unknown_order_nothing_is_said() -> None:
    bench = ApiBench()
    order_id = World(MemoryErp(), bench.fakes).order()
    other = bench.token(Role.INGEST, "navision").token
    assert bench.get(f"/orders/{order_id}/deliveries", other).status == 404
    assert bench.get("/orders/o-000000000000000000000000/deliveries", bench.read).status == 404
    assert bench.get(f"/orders/{order_id}/deliveries?x=1", bench.read).status == 422
