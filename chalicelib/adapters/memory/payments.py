"""The ledger and the credit accounts in memory: for tests and simulations."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from threading import RLock

from chalicelib.adapters.payments.ledger import Charge, ChargeState, nothing_to_refund
from chalicelib.adapters.payments.on_account.credit import Account, exhausted, no_account
from chalicelib.domain.money import Money


class MemoryChargeLedger:
    """ChargeLedger."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._charges: dict[str, Charge] = {}
        self._calls: Counter[str] = Counter()

    def find(self, key: str) -> Charge | None:
        with self.lock:
            return self._charges.get(key)

    def record(self, charge: Charge) -> Charge:
        with self.lock:
            return self._charges.setdefault(charge.key, charge)

    def count_call(self, key: str) -> int:
        with self.lock:
            self._calls[key] += 1
            return self._calls[key]

    def reverse(self, key: str, refund_id: str) -> Charge:
        with self.lock:
            reversed_charge = self._stored(key).reversed(refund_id)
            self._charges[key] = reversed_charge
            return reversed_charge

    def _stored(self, key: str) -> Charge:
        charge = self.find(key)
        if charge is None:
            raise nothing_to_refund(key)
        return charge


class MemoryCreditLedger(MemoryChargeLedger):
    """CreditLedger."""

    def __init__(self) -> None:
        super().__init__()
        self._accounts: dict[tuple[str, str], Account] = {}
        self._settled: set[tuple[str, str]] = set()

    def draw(self, charge: Charge) -> Charge:
        with self.lock:
            if self.find(charge.key) is None:
                account = self.account(charge.customer_id, charge.amount.currency)
                if account is None or account.available < charge.amount:
                    raise exhausted(charge.customer_id, charge.amount, account)
                self._move(account, Money(-charge.amount.minor, charge.amount.currency))
            return self.record(charge)

    def give_back(self, key: str, refund_id: str) -> Charge:
        with self.lock:
            before = self._stored(key)
            after = self.reverse(key, refund_id)
            if before.state is not ChargeState.REFUNDED:
                account = self.account(after.customer_id, after.amount.currency)
                assert account is not None, "an account that was drawn on exists"
                self._move(account, after.amount)
            return after

    def account(self, customer_id: str, currency: str) -> Account | None:
        with self.lock:
            return self._accounts.get((customer_id, currency))

    def open_account(self, customer_id: str, limit: Money) -> Account:
        with self.lock:
            known = self.account(customer_id, limit.currency)
            used = known.used if known else Money(0, limit.currency)
            return self._put(Account(customer_id, limit, limit - used))

    def settle(self, customer_id: str, amount: Money, reference: str) -> Account:
        with self.lock:
            account = self.account(customer_id, amount.currency)
            if account is None:
                raise no_account(customer_id, amount)
            if (customer_id, reference) not in self._settled:
                self._settled.add((customer_id, reference))
                account = self._move(account, amount)
            return account

    def _move(self, account: Account, amount: Money) -> Account:
        return self._put(replace(account, available=account.available + amount))

    def _put(self, account: Account) -> Account:
        self._accounts[account.customer_id, account.limit.currency] = account
        return account
