"""The same file read in the same way is the same batch, whatever the text of its mapping and whatever the release."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.batches.identity import batch_id_of
from chalicelib.batches.model import Format
from chalicelib.batches.parsing.csv_mapping import CANONICAL
from tests.support.bulk import BulkBench

CSV = (
    b"external_id,ordered_at,customer_id,currency,total,payment_method,payment_token,ship_to_name,ship_to_address,"
    b"ship_to_city,ship_to_postal_code,ship_to_country,line,sku,quantity,unit_price,tax_rate\n" + b"x," * 16 + b"x\n"
)
"""A file of release 0.1."""

OTHER_ZONE = 'timezone = "Europe/Berlin"\n' + CANONICAL


@pytest.fixture
def bench() -> BulkBench:
    return BulkBench()


def test_a_corrected_mapping_makes_the_same_file_another_batch(bench: BulkBench) -> None:
    first = bench.started(CSV, "csv")
    bench.mappings.texts["sap-emea", "default"] = OTHER_ZONE
    second = bench.started(CSV, "csv")
    assert second.batch_id != first.batch_id
    bench.mappings.texts["sap-emea", "default"] = OTHER_ZONE.replace("Berlin", "Paris")
    assert bench.started(CSV, "csv").batch_id not in (first.batch_id, second.batch_id)


@pytest.mark.parametrize(
    "same",
    [
        OTHER_ZONE + "# a comment\n",
        OTHER_ZONE.replace("[line]", "\n\n[line]"),
        OTHER_ZONE.replace('sku = "sku"', 'sku = { column = "sku" }'),
        'delimiter = ","\n' + OTHER_ZONE,
    ],
)
def test_a_mapping_that_says_the_same_in_another_text_makes_the_same_batch(bench: BulkBench, same: str) -> None:
    bench.mappings.texts["sap-emea", "default"] = OTHER_ZONE
    first = bench.started(CSV, "csv")
    bench.mappings.texts["sap-emea", "default"] = same
    assert bench.started(CSV, "csv").batch_id == first.batch_id


def test_the_built_in_mapping_and_its_text_published_are_the_same(bench: BulkBench) -> None:
    first = bench.started(CSV, "csv")
    bench.mappings.texts["sap-emea", "default"] = "# ours\n" + CANONICAL
    assert bench.started(CSV, "csv").batch_id == first.batch_id


def test_batches_keep_the_ids_that_release_0_1_gave(bench: BulkBench) -> None:
    """A file by the built-in mapping keeps its id. One by a published mapping is found under the id of its text."""
    assert bench.started(CSV, "csv").batch_id == "b-8p058ptwvdb7mwx6xdp9bdvv"
    bench.mappings.texts["sap-emea", "german"] = OTHER_ZONE
    later = bench.started(CSV, "csv", mapping="german")
    digest = sha256(CSV).hexdigest()
    former = replace(later, batch_id=batch_id_of("sap-emea", Format.CSV, "utf-8", OTHER_ZONE, digest))
    fresh = BulkBench(bench.fakes, mappings=bench.mappings)
    assert fresh.ledger.create(former)
    assert fresh.started(CSV, "csv", mapping="german").batch_id == former.batch_id != later.batch_id


def test_a_file_that_was_refused_is_read_anew_by_the_mapping_of_a_later_release(bench: BulkBench) -> None:
    """A column that the built-in mapping did not know then may be one of an optional field now."""
    first = bench.started(CSV, "csv")
    older = CANONICAL.replace('payment.token = { column = "payment_token", optional = true }\n', "")
    bench.ledger.save(replace(first, mapping=older))
    assert "payment_token" in bench.split(bench.batch(first.batch_id)).problem
    bench.engine.ended.add((first.batch_id, 1))
    again = bench.split(bench.started(CSV, "csv"))
    assert (again.batch_id, again.attempt, again.lines) == (first.batch_id, 2, 1)
