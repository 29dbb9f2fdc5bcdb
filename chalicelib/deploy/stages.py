"""The stages, and everything in which they differ."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.deploy.placeholders import ACCOUNT, REGION
from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True)
class Stage:
    """One deployment of the system. A stage has its own stacks, data, functions and REST API.

    `workflow_kind`: STANDARD keeps the history of every execution, EXPRESS costs less and keeps its logs only.
    `protects_data`: point-in-time recovery, deletion protection of tables, termination protection of their stack.
    `api_gateway_stage`: the first part of the REST API's path, and what tells the stages' API metrics apart.
    `reserves_concurrency`: off where the account may be new, whose limit of 10 leaves nothing to reserve.
    `is_local`: plain HTTP, one machine; what the local AWS refuses or cannot measure is left out.
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


STAGES = {
    stage.name: stage
    for stage in (
        Stage("local", api_gateway_stage="api", log_retention_days=1, is_local=True),
        Stage("dev", api_gateway_stage="dev", log_retention_days=14),
        Stage(
            "prod",
            api_gateway_stage="prod",
            log_retention_days=90,
            payment_gateway="stripe",
            protects_data=True,
            reserves_concurrency=True,
        ),
    )
}


def unresolved(stage: Stage) -> Settings:
    """Settings of the stage before the account and region are known; see `placeholders`."""
    return Settings(stage.name, region=REGION, account_id=ACCOUNT)
