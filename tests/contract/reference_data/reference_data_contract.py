"""What every implementation of ports.ReferenceData must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from decimal import Decimal

import pytest

from chalicelib.domain.money import Money
from chalicelib.domain.reference import Customer, DeliveryHold, Product
from chalicelib.ports import ReferenceData

PLAIN = Customer("C-1001", "Nordwind Maschinenbau GmbH")
RICH = Customer("C-1002", "Kōgyō 工業", False, Decimal("0.0250"), ("JPY", "KWD"), Money.parse("12500.750", "KWD"))
WIDGET = Product("WIDGET-1", "Widget", prices={"EUR": Decimal("12.50"), "JPY": Decimal("2060")})
SCREW = Product("WIDGET-10", 'Screw 1/4"', prices={"KWD": Decimal("0.000125")})
GONE = Product("WIDGET", "Withdrawn", active=False)
RECALL = DeliveryHold("sku", "WIDGET-1", "recalled: the housing can crack")
EMBARGO = DeliveryHold("country", "KP", "embargo")

AWKWARD_KEYS = ('A"', "A\\", "A", "A:", "A\n", "", " ", "Ä", "工業", "a/b", "{", "}", "}}", '"', "\ud800", "A" * 500)


class ReferenceDataContract(ABC):
    """Inherit, and say how an implementation that holds these records is made."""

    @abstractmethod
    def holding(
        self, customers: Iterable[Customer] = (), products: Iterable[Product] = (), holds: Iterable[DeliveryHold] = ()
    ) -> ReferenceData: ...

    @pytest.mark.parametrize("customer", [PLAIN, RICH])
    def test_a_customer_is_found_as_published(self, customer: Customer) -> None:
        assert self.holding(customers=[RICH, PLAIN]).customer(customer.customer_id) == customer

    @pytest.mark.parametrize("product", [WIDGET, SCREW, GONE])
    def test_a_product_is_found_as_published(self, product: Product) -> None:
        assert self.holding(products=[SCREW, GONE, WIDGET]).product(product.sku) == product

    def test_prices_keep_every_digit(self) -> None:
        found = self.holding(products=[SCREW]).product("WIDGET-10")
        assert found is not None
        assert str(found.prices["KWD"]) == "0.000125"

    def test_a_hold_is_found_by_kind_and_key(self) -> None:
        adapter = self.holding(holds=[RECALL, EMBARGO])
        assert adapter.hold("sku", "WIDGET-1") == RECALL
        assert adapter.hold("country", "KP") == EMBARGO
        assert adapter.hold("customer", "WIDGET-1") is None

    @pytest.mark.parametrize("key", ["WIDGET-2", "WIDGET-", "WIDGET-100", "widget-1", "zzz", "!", *AWKWARD_KEYS])
    def test_what_is_not_there_is_none(self, key: str) -> None:
        adapter = self.holding([PLAIN, RICH], [SCREW, GONE, WIDGET], [RECALL, EMBARGO])
        assert adapter.product(key) is None
        assert adapter.customer(key) is None
        assert adapter.hold("sku", key) is None

    def test_nothing_is_found_in_empty_data_sets(self) -> None:
        adapter = self.holding()
        assert (adapter.customer("C-1001"), adapter.product("WIDGET-1"), adapter.hold("sku", "WIDGET-1")) == (None,) * 3

    def test_awkward_keys_are_told_apart(self) -> None:
        adapter = self.holding(products=[Product(key, f"name of {number}") for number, key in enumerate(AWKWARD_KEYS)])
        found = [adapter.product(key) for key in AWKWARD_KEYS]
        assert [product.name for product in found if product] == [f"name of {n}" for n in range(len(AWKWARD_KEYS))]

    def test_every_one_of_many_records_is_found(self) -> None:
        products = [Product(f"SKU-{number}", f"number {number}") for number in range(1000)]
        adapter = self.holding(products=products)
        assert [adapter.product(product.sku) for product in products] == products

    def test_versions_name_the_data_sets_that_answered(self) -> None:
        adapter = self.holding([PLAIN], [WIDGET], [RECALL])
        adapter.customer("C-1001"), adapter.product("WIDGET-1"), adapter.hold("sku", "WIDGET-1")
        versions = adapter.versions()
        assert sorted(versions) == ["customers", "holds", "products"]
        assert all(versions.values())
