"""What a fresh local stack needs before its first order: reference data, stock, credit accounts and API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from chalicelib.api.tokens import Role
from chalicelib.bootstrap import Application
from local.sample.catalogue import DATA_FOLDER, credit_accounts, stock

TOKEN_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Seed:
    """Uses the application's own adapters and commands, as an operator would."""

    app: Application
    sources: tuple[str, ...]

    def reference_data(self, folder: Path = DATA_FOLDER) -> None:
        self.app.publish_reference(folder)

    def stock(self) -> None:
        for sku, pieces in stock().items():
            self.app.inventory.set_available(sku, pieces)

    def credit(self) -> None:
        for customer_id, limit in credit_accounts().items():
            self.app.credit.open_account(customer_id, limit)

    def tokens(self) -> dict[str, str]:
        """One token per role; `ingest` is that of the first source, `ingest:<source>` of each."""
        desk = self.app.token_desk
        tokens = {f"ingest:{source}": desk.create(Role.INGEST, TOKEN_LIFE, source=source) for source in self.sources}
        tokens["ingest"] = tokens[f"ingest:{self.sources[0]}"]
        tokens["read"] = desk.create(Role.READ, TOKEN_LIFE)
        tokens["operate"] = desk.create(Role.OPERATE, TOKEN_LIFE)
        return tokens
