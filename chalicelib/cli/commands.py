"""Every command, as data: listing them imports none of them."""

from __future__ import annotations

from dataclasses import dataclass

OPERATORS = "For operators"
DEVELOPERS = "For developers"


@dataclass(frozen=True, slots=True)
class Command:
    """`examples` are written as they are typed, without the program's name; `staged`: it takes `--stage`."""

    name: str
    group: str
    summary: str
    examples: tuple[str, ...]
    staged: bool = False

    @property
    def module(self) -> str:
        folder = "operators" if self.group == OPERATORS else "developers"
        return f"chalicelib.cli.{folder}.{self.name.replace('-', '_')}"


def _operators(name: str, summary: str, *examples: str) -> Command:
    return Command(name, OPERATORS, summary, examples, staged=True)


COMMANDS = (
    _operators(
        "tokens",
        "create, list, rotate and revoke API tokens",
        "tokens create --role ingest --source sap-emea --days 90",
        "tokens list",
        "tokens rotate abcdefghijkl --overlap 24h",
        "tokens revoke abcdefghijkl",
    ),
    _operators(
        "parking",
        "show, send back, delete messages that nobody could process",
        "parking list",
        "parking retry all",
        "parking drop 2f1b6f0e-6a52-4c7c-8d0e-3a4f5b6c7d8e",
    ),
    _operators(
        "replay",
        "compare the read model with the events, and repair it",
        "replay",
        "replay --repair",
    ),
    _operators(
        "callbacks",
        "where ERPs are told of their orders, and whether they were",
        "callbacks list",
        "callbacks set sap-emea https://erp.example/orders",
        "callbacks set sap-emea https://erp.example/ --also failed",
        "callbacks show sap-emea",
        "callbacks test sap-emea",
        "callbacks remove sap-emea",
        "callbacks resend o-b6s73bgvqjrx67a1jac1fx5h",
        "callbacks resend sap-emea --from 2026-11-23",
        "callbacks deliveries o-b6s73bgvqjrx67a1jac1fx5h",
    ),
    _operators(
        "credit",
        "show and change the credit of customers who pay on account",
        "credit limit C-1001 5000.00 EUR",
        "credit show C-1001 EUR",
        "credit settle C-1001 149.90 EUR --reference BANK-0815",
    ),
    _operators(
        "publish-reference",
        "check and publish customers, products and delivery holds",
        "publish-reference local/sample/data/reference --dry-run",
    ),
    _operators(
        "publish-mapping",
        "check and publish the CSV mapping of a source",
        "publish-mapping sap-emea mapping.toml --check",
        "publish-mapping shop shop.toml --check --sample o.csv",
        "publish-mapping sap-emea mapping.toml",
    ),
    _operators(
        "faults",
        "rehearse an outage, on stages that allow it",
        "faults on payment unavailable --calls 20",
        "faults on payment timeout_after --operation capture",
        "faults on inventory slow --seconds 5 --minutes 10",
        "faults list",
        "faults calls payment",
        "faults off payment",
    ),
    Command(
        "generate",
        DEVELOPERS,
        "write .chalice/config.json and .chalice/policies/",
        ("generate", "generate --check"),
    ),
    Command(
        "openapi",
        DEVELOPERS,
        "write the OpenAPI document",
        ("openapi", "openapi --check"),
    ),
    Command(
        "template",
        DEVELOPERS,
        "print what `chalice package` merges into its template",
        ("template --stage prod > merge.json",),
        staged=True,
    ),
    Command(
        "workflow",
        DEVELOPERS,
        "print the order workflow as a state machine or a diagram",
        ("workflow", "workflow --kind EXPRESS", "workflow --mermaid"),
    ),
    Command(
        "timeouts",
        DEVELOPERS,
        "print what waits for what, and how long",
        ("timeouts",),
    ),
)

BY_NAME = {command.name: command for command in COMMANDS}
