"""What is deployed follows from the descriptions of the payment providers, also of one that was added a moment ago."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.payments.provider import Provider
from chalicelib.adapters.payments.providers import PROVIDERS
from chalicelib.deploy.config.functions import FUNCTIONS, Function, functions
from chalicelib.deploy.config.stages import STAGES, settings_of
from chalicelib.deploy.timeouts import Waits, table
from chalicelib.domain.errors import Misconfigured
from tests.support import acme

ACME = acme.PROVIDER
SETTINGS = settings_of(STAGES["prod"], "eu-central-1", "123456789012")
STAGE = replace(STAGES["prod"], payment_gateway="acme", payment_variables={acme.MERCHANT: "4711"})


def with_acme(**changes: object) -> tuple[Provider, ...]:
    return (*PROVIDERS, ACME._replace(**changes))  # type: ignore[arg-type]


def may(function: Function) -> dict[str, list[str]]:
    """Sid -> resources."""
    return {statement["Sid"]: statement["Resource"] for statement in function.policy(SETTINGS)["Statement"]}


def holders(table: tuple[Function, ...], sid: str) -> set[str]:
    return {function.name for function in table if sid in may(function)}


class TestGrants:
    def test_exactly_the_functions_that_it_names_get_its_grants(self) -> None:
        table = functions(with_acme())
        for grant in ACME.grants:
            assert holders(table, grant.sid) == {"capture_payment", "refund_payment"}
        assert may(table[4])["ReadAcmePassword"] == [
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orderbridge/prod/acme/password-??????"
        ]

    def test_nothing_else_changes(self) -> None:
        own = {grant.sid for grant in ACME.grants}
        for before, after in zip(FUNCTIONS, functions(with_acme()), strict=True):
            assert may(before) == {sid: resources for sid, resources in may(after).items() if sid not in own}

    def test_another_function_that_calls_it_may_keep_charges_and_circuits_too_and_each_thing_once(self) -> None:
        table = functions(with_acme(functions=("capture_payment", "sweep")))
        assert holders(table, "SignForAcme") == {"capture_payment", "sweep"}
        (sweep,) = [function for function in table if function.name == "sweep"]
        sids = [statement["Sid"] for statement in sweep.policy(SETTINGS)["Statement"]]
        assert {"ReadPayments", "ChangePayments", "ReadControl", "PublishEvents"} <= set(sids)
        assert len(sids) == len(set(sids))

    def test_a_function_that_does_not_exist_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"acme names functions that do not exist: \['captur_payment'\]"):
            functions(with_acme(functions=("captur_payment",)))


class TestTimeouts:
    def rows(self, **changes: object) -> list[Waits]:
        return [row for row in table(with_acme(**changes)) if row.inner.startswith("acme")]

    def test_who_waits_for_its_longest_step_is_in_the_table(self) -> None:
        assert [(row.outer, row.inner, row.inner_s) for row in self.rows()] == [
            ("function capture_payment", "acme, 3 calls", 27.0),
            ("function refund_payment", "acme, 3 calls", 27.0),
            ("a circuit's probe", "acme, 3 calls", 27.0),
        ]
        assert all(row.inner_s <= row.outer_s for row in self.rows())

    def test_a_call_that_is_too_long_breaks_the_rule(self) -> None:
        assert all(row.inner_s > row.outer_s for row in self.rows(longest_call_s=20.1))


class TestStages:
    def test_its_settings_reach_the_functions(self) -> None:
        assert STAGE.environment()[acme.MERCHANT] == "4711"
        settings = settings_of(STAGE, "eu-central-1", "123456789012", with_acme())
        assert (settings.payment_gateway, settings.variables) == ("acme", {acme.MERCHANT: "4711"})

    def test_a_stage_that_chooses_a_provider_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(Misconfigured, match="GATEWAY is 'acme': use one of sandbox, stripe"):
            settings_of(STAGE, "eu-central-1", "123456789012")

    def test_a_misspelt_setting_is_refused_with_those_that_there_are(self) -> None:
        stage = replace(STAGE, payment_variables={"ORDERBRIDGE_ACME_MERCHAND": "4711"})
        with pytest.raises(Misconfigured, match=f"MERCHAND is a variable of no payment provider: .*, {acme.MERCHANT}"):
            settings_of(stage, "eu-central-1", "123456789012", with_acme())

    @pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
    def test_every_stage_chooses_a_provider_that_is_there(self, stage: object) -> None:
        assert settings_of(stage, "eu-central-1", "123456789012").payment_gateway  # type: ignore[arg-type]
