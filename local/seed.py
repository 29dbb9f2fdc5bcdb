"""What a fresh local stack needs before its first order: reference data, stock, credit accounts and API tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from chalicelib.adapters.s3.reference_publisher import S3ReferencePublisher
from chalicelib.auth.issue import TokenIssuer
from chalicelib.auth.tokens import Role
from chalicelib.reference_data.publish import publish
from chalicelib.reference_data.sources import read_directory
from chalicelib.wiring.application import Application
from local.sample.catalogue import DATA_FOLDER, credit_accounts, stock

TOKEN_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Seed:
    """Uses the application's own adapters and commands, as an operator would."""

    app: Application
    sources: tuple[str, ...]

    def reference_data(self, folder: Path = DATA_FOLDER) -> None:
        publisher = S3ReferencePublisher(self.app.client("s3"), self.app.settings.bucket("reference"))
        for _ in publish(read_directory(folder), publisher, dry_run=False, allow_shrink=False):
            pass

    def stock(self) -> None:
        for sku, pieces in stock().items():
            self.app.inventory.set_available(sku, pieces)

    def credit(self) -> None:
        for customer_id, limit in credit_accounts().items():
            self.app.credit.open_account(customer_id, limit)

    def tokens(self) -> dict[str, str]:
        """One token per role; `ingest` is that of the first source, `ingest:<source>` of each."""
        issuer = TokenIssuer(self.app.tokens, self.app.clock, secrets.token_bytes)
        tokens = {
            f"ingest:{source}": issuer.create(Role.INGEST, source, TOKEN_LIFE, "local seed").token
            for source in self.sources
        }
        tokens["ingest"] = tokens[f"ingest:{self.sources[0]}"]
        for role in (Role.READ, Role.OPERATE):
            tokens[role.value] = issuer.create(role, "", TOKEN_LIFE, "local seed").token
        return tokens
