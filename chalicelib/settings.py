"""The environment, read once into one typed object. Nothing else reads environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.domain.errors import Misconfigured

_STAGE = re.compile(r"[a-z][a-z0-9]{0,15}\Z")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this process runs and what it uses. Names of AWS resources are derived from the stage."""

    stage: str
    region: str
    account_id: str
    payment_gateway: str = "sandbox"
    """Who takes cards. Which there are, the composition root knows; it refuses a name that is none of them."""
    fault_switches: bool = False
    """Whether outages can be rehearsed; never where real orders are."""
    redrive_delay_s: int = 60
    """Before the first automatic redrive of a failed order; doubles with every attempt."""
    bulk_window: int = 25
    """How many orders of one page of a batch run at the same time."""
    variables: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Every variable ORDERBRIDGE_... as it stands. A payment provider is told those that its description names."""

    @classmethod
    def read(cls, environ: Mapping[str, str], function_arn: str = "") -> Settings:
        """From the environment; inside Lambda the account comes from the invoked function's ARN.

        Raises Misconfigured, naming the variable and what it must hold.
        """
        stage = environ.get("ORDERBRIDGE_STAGE", "")
        if not _STAGE.match(stage):
            raise Misconfigured(f"ORDERBRIDGE_STAGE is {stage!r}: set it to the stage, such as dev or prod")
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", "")
        if not region:
            raise Misconfigured("AWS_REGION is not set: set it to the region of the deployment")
        account = environ.get("ORDERBRIDGE_ACCOUNT_ID") or ":".join(function_arn.split(":")[4:5])
        if not re.fullmatch(r"\d{12}", account):
            raise Misconfigured("ORDERBRIDGE_ACCOUNT_ID is not a 12-digit AWS account id: set it outside of Lambda")
        return cls(
            stage=stage,
            region=region,
            account_id=account,
            payment_gateway=environ.get("ORDERBRIDGE_PAYMENT_GATEWAY") or "sandbox",
            fault_switches=_switch(environ, "ORDERBRIDGE_FAULT_SWITCHES"),
            redrive_delay_s=_seconds(environ, "ORDERBRIDGE_REDRIVE_DELAY_S", default=60),
            bulk_window=_window(environ, "ORDERBRIDGE_BULK_WINDOW", default=25),
            variables={name: value for name, value in environ.items() if name.startswith("ORDERBRIDGE_")},
        )

    def name(self, resource: str) -> str:
        """The name of a resource of this stage: tables, queues, the topic, the bus, state machines, functions."""
        return f"orderbridge-{self.stage}-{resource}"

    def bucket(self, purpose: str) -> str:
        """Bucket names are global, hence the account and the region in them."""
        return f"orderbridge-{self.stage}-{purpose}-{self.account_id}-{self.region}"

    def secret(self, path: str) -> str:
        """The name of a secret of this stage in Secrets Manager."""
        return f"orderbridge/{self.stage}/{path}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    @property
    def state_machine_arn(self) -> str:
        return self.arn("states", f"stateMachine:{self.name('order')}")

    @property
    def bulk_state_machine_arn(self) -> str:
        return self.arn("states", f"stateMachine:{self.name('bulk')}")

    def queue_url(self, queue: str, endpoint_url: str) -> str:
        """The URL of a queue of this stage at an SQS endpoint."""
        return f"{endpoint_url.rstrip('/')}/{self.account_id}/{self.name(queue)}"


def _seconds(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 900:
        raise Misconfigured(f"{name} is {text!r}: set it to whole seconds from 1 to 900")
    return int(text)


def _window(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise Misconfigured(f"{name} is {text!r}: set it to a number of orders from 1 to 100")
    return int(text)


def _switch(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name) or "off"
    if text not in ("on", "off"):
        raise Misconfigured(f"{name} is {text!r}: set it to on or off")
    return text == "on"
