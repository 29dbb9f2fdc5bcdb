"""The stages, and everything in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.adapters.payments.provider import Provider
from chalicelib.adapters.payments.providers import PROVIDERS, card_provider
from chalicelib.deploy.config.placeholders import ACCOUNT, REGION
from chalicelib.domain.errors import Misconfigured
from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True)
class Stage:
    """One deployment of the system. A stage has its own stacks, data, functions and REST API.

    `payment_gateway`: the name of the provider that takes cards. `payment_variables`: the settings of providers, by
    the names of their variables.
    `workflow_kind`: STANDARD keeps the history of every execution, EXPRESS costs less and keeps its logs only.
    `protects_data`: point-in-time recovery, deletion protection of tables, termination protection of their stack.
    `api_gateway_stage`: the first part of the REST API's path, and what tells the stages' API metrics apart.
    `reserves_concurrency`: off where the account may be new, whose limit of 10 leaves nothing to reserve.
    `is_local`: plain HTTP, one machine; what the local AWS refuses or cannot measure is left out.
    `rehearses`: outages may be rehearsed with failure switches; never where real orders are.
    `redrive_delay_s`: before the first automatic redrive of a failed order.
    `bulk_pages`, `bulk_window`: pages of a batch in flight, and orders in flight of each; their product is what a batch
    may take of the account's Lambda concurrency and send to the payment provider at once.
    """

    name: str
    api_gateway_stage: str
    log_retention_days: int
    workflow_kind: str = "STANDARD"
    payment_gateway: str = "sandbox"
    log_level: str = "INFO"
    protects_data: bool = False
    reserves_concurrency: bool = False
    is_local: bool = False
    rehearses: bool = False
    redrive_delay_s: int = 60
    bulk_pages: int = 4
    bulk_window: int = 25
    payment_variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What every function of the stage is told, but for the account; operators' commands start from the same."""
        return {
            "ORDERBRIDGE_STAGE": self.name,
            "ORDERBRIDGE_PAYMENT_GATEWAY": self.payment_gateway,
            "ORDERBRIDGE_FAULT_SWITCHES": "on" if self.rehearses else "off",
            "ORDERBRIDGE_REDRIVE_DELAY_S": str(self.redrive_delay_s),
            "ORDERBRIDGE_BULK_WINDOW": str(self.bulk_window),
            **self.payment_variables,
        }


STAGES = {
    stage.name: stage
    for stage in (
        Stage(
            "local",
            api_gateway_stage="api",
            log_retention_days=1,
            is_local=True,
            rehearses=True,
            redrive_delay_s=5,
            bulk_pages=2,
            bulk_window=13,
        ),
        Stage("dev", api_gateway_stage="dev", log_retention_days=14, rehearses=True),
        Stage(
            "prod",
            api_gateway_stage="prod",
            log_retention_days=90,
            payment_gateway="stripe",
            protects_data=True,
            reserves_concurrency=True,
            bulk_pages=8,
        ),
    )
}


def unresolved(stage: Stage) -> Settings:
    """Settings of the stage before the account and region are known; see `placeholders`."""
    return settings_of(stage, REGION, ACCOUNT)


def settings_of(stage: Stage, region: str, account_id: str, providers: Sequence[Provider] = PROVIDERS) -> Settings:
    """The settings of the stage's functions. Raises Misconfigured if there is no such payment provider or variable."""
    card_provider(stage.payment_gateway, providers)
    known = [variable for provider in providers for variable in provider.variables]
    for name in stage.payment_variables:
        if name not in known:
            raise Misconfigured(f"{name} is a variable of no payment provider: use one of {', '.join(known)}")
    return Settings(
        stage.name,
        region,
        account_id,
        payment_gateway=stage.payment_gateway,
        fault_switches=stage.rehearses,
        redrive_delay_s=stage.redrive_delay_s,
        variables=stage.payment_variables,
    )
