"""The publishing command, as the person sees it who runs it: what it prints, its exit code, what is in S3 after it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.s3.reference_data import S3ReferenceData
from chalicelib.adapters.s3.reference_files import ReferenceFile
from chalicelib.adapters.s3.reference_objects import ReferenceObjects
from chalicelib.adapters.s3.reference_publisher import S3ReferencePublisher
from chalicelib.adapters.s3.reference_records import PRODUCTS
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.money import Money
from chalicelib.domain.reference import Customer, DeliveryHold, Product
from chalicelib.reference_data.publish import Prepared, ReferenceDataPublisher
from tests.support.aws import SETTINGS, moto_client
from tests.support.cli import typed

BUCKET = SETTINGS.bucket("reference")

CUSTOMERS_JSON = """[
  {"customer_id": "C-1001", "name": "Nordwind GmbH", "price_tolerance": "0.02", "currencies": ["EUR", "USD"],
   "credit_limit": {"amount": "5000.00", "currency": "EUR"}},
  {"customer_id": "C-1002", "name": "Brückner AG", "active": false}
]"""
PRODUCTS_CSV = """sku,name,active,prices.EUR,prices.JPY
WIDGET-1,"Widget, standard",,12.50,2060
WIDGET-2,Widget large,yes,0.0425,
WIDGET-3,Widget old,no,,
"""
HOLDS_CSV = "kind;key;reason\nsku;WIDGET-2;recalled\ncountry;KP;embargo\n"


class Command:
    """Runs the command on a directory, against moto."""

    def __init__(self, client: Any, directory: Path) -> None:
        self.client = client
        self.directory = directory
        self.output: list[str] = []
        self.complaints: list[str] = []

    def write(self, **files: str | bytes) -> Command:
        """`products_csv="..."` writes products.csv, and so on."""
        self.directory.mkdir(exist_ok=True)
        for name, content in files.items():
            path = self.directory / ".".join(name.rsplit("_", 1))
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def __call__(self, *options: str, publisher: ReferenceDataPublisher | None = None) -> int:
        """The exit code. `publisher`: another one than the real one."""
        publisher = publisher or S3ReferencePublisher(self.client, BUCKET)
        ended = typed("publish-reference", str(self.directory), *options, reference_publisher=publisher)
        self.output, self.complaints = ended.out.splitlines(), ended.err.splitlines()
        return ended.code

    def published(self) -> dict[str, str]:
        """Key -> version id."""
        listing = self.client.list_object_versions(Bucket=BUCKET).get("Versions", [])
        return {item["Key"]: item["VersionId"] for item in listing if item["IsLatest"]}


@pytest.fixture(scope="module")
def moto_s3() -> Iterator[Any]:
    with mock_aws():
        yield moto_client("s3")


@pytest.fixture
def command(moto_s3: Any, tmp_path: Path) -> Iterator[Command]:
    """With an empty bucket that keeps versions, so that a second upload of the same bytes shows."""
    moto_s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": SETTINGS.region})
    moto_s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield Command(moto_s3, tmp_path / "data")
    for item in moto_s3.list_object_versions(Bucket=BUCKET).get("Versions", []):
        moto_s3.delete_object(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])
    moto_s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def good(command: Command) -> Command:
    return command.write(customers_json=CUSTOMERS_JSON, products_csv=PRODUCTS_CSV, holds_csv=HOLDS_CSV)


def test_what_is_published_is_what_the_steps_read(good: Command, tmp_path: Path) -> None:
    assert good() == 0
    reader = S3ReferenceData(good.client, BUCKET, tmp_path / "cache", FixedClock())
    assert reader.customer("C-1001") == Customer(
        "C-1001", "Nordwind GmbH", True, Decimal("0.02"), ("EUR", "USD"), Money.parse("5000.00", "EUR")
    )
    assert reader.customer("C-1002") == Customer("C-1002", "Brückner AG", active=False)
    assert reader.product("WIDGET-1") == Product(
        "WIDGET-1", "Widget, standard", True, {"EUR": Decimal("12.50"), "JPY": Decimal("2060")}
    )
    assert reader.product("WIDGET-3") == Product("WIDGET-3", "Widget old", active=False)
    assert reader.hold("country", "KP") == DeliveryHold("country", "KP", "embargo")


def test_it_says_what_was_published_and_where(good: Command) -> None:
    assert good() == 0
    assert [line.split()[:4] for line in good.output[:3]] == [
        ["holds", "2", "records", "published"],
        ["products", "3", "records", "published"],
        ["customers", "2", "records", "published"],
    ]
    assert good.output[3] == f"to s3://{BUCKET}/reference/"


def test_unchanged_content_is_not_uploaded_again(good: Command) -> None:
    good()
    before = good.published()
    reordered = "\n".join([PRODUCTS_CSV.splitlines()[0], *reversed(PRODUCTS_CSV.splitlines()[1:])])
    good.write(products_csv=reordered)
    assert good() == 0
    assert good.published() == before
    assert all("unchanged" in line for line in good.output[:3])


def test_only_what_has_changed_is_uploaded(good: Command) -> None:
    good()
    before = good.published()
    good.write(holds_csv=HOLDS_CSV + "customer;C-1002;unpaid invoices\n")
    assert good() == 0
    after = good.published()
    assert {key for key in after if after[key] != before[key]} == {"reference/holds.json"}
    assert "3 records, was 2  published" in good.output[0]


def test_an_object_damaged_in_s3_is_uploaded_again(good: Command) -> None:
    good()
    key = "reference/products.json"
    head = good.client.head_object(Bucket=BUCKET, Key=key)
    content = good.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    good.client.put_object(Bucket=BUCKET, Key=key, Body=content[:-9], Metadata=head["Metadata"])
    assert good() == 0
    assert good.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == content


def test_objects_carry_their_checksum_and_count(good: Command) -> None:
    good()
    address = {"Bucket": BUCKET, "Key": "reference/products.json"}
    answer = good.client.get_object(**address)
    content = answer["Body"].read()
    file = ReferenceFile(PRODUCTS, content)
    assert answer["Metadata"] == {"sha256": file.sha256, "count": "3", "format": "1"}
    attributes = good.client.get_object_attributes(**address, ObjectAttributes=["Checksum"])
    assert base64.b64decode(attributes["Checksum"]["ChecksumSHA256"]) == hashlib.sha256(content).digest()
    assert answer["ContentType"] == "application/json"


def test_a_dry_run_stores_nothing(good: Command) -> None:
    assert good("--dry-run") == 0
    assert good.published() == {}
    assert "would be published" in good.output[0]


def test_a_data_set_without_a_file_stays_as_published(good: Command) -> None:
    good()
    before = good.published()
    (good.directory / "customers.json").unlink()
    assert good() == 0
    assert good.published() == before


def test_a_data_set_that_lost_most_of_its_records_needs_a_second_word(command: Command) -> None:
    many = [{"sku": f"SKU-{n}", "name": "x", "prices": {"EUR": "1.00"}} for n in range(10)]
    command.write(products_json=json.dumps(many))
    command()
    before = command.published()
    command.write(products_json=json.dumps(many[:4]))
    assert command() == 1
    assert "has 4 records, 10 are published: if that is meant, repeat with --allow-shrink" in command.complaints[0]
    assert command.published() == before
    assert command("--allow-shrink") == 0
    assert command.published() != before


def test_no_hold_is_left_when_the_last_is_lifted(good: Command, tmp_path: Path) -> None:
    good()
    good.write(holds_csv="kind;key;reason\n")
    assert good() == 0
    reader = S3ReferenceData(good.client, BUCKET, tmp_path / "cache", FixedClock())
    assert reader.hold("country", "KP") is None


PRODUCT = '"sku": "W-1", "name": "Widget"'
CUSTOMER = '"customer_id": "C-1", "name": "Nordwind"'

BAD_FILES = [
    ("products_json", f'[{{{PRODUCT}, "prices": {{"EUR": 12.50}}}}]', "record 1 (W-1): prices.EUR: must be a string"),
    ("products_json", f'[{{{PRODUCT}, "prices": {{"EUR": "12,50"}}}}]', "prices.EUR: must be a plain decimal number"),
    ("products_json", f'[{{{PRODUCT}, "prices": {{"EUR": "-1"}}}}]', "prices.EUR: must be from 0 to 10^12"),
    ("products_json", f'[{{{PRODUCT}, "prices": {{"EUR": "0.0000001"}}}}]', "with at most 6 decimals"),
    ("products_json", f'[{{{PRODUCT}, "prices": {{"EUX": "1"}}}}]', "prices.EUX: must be an ISO 4217 code in capitals"),
    ("products_json", f'[{{{PRODUCT}, "prices": {{"EUR": NaN}}}}]', "NaN is no value"),
    ("products_json", f'[{{{PRODUCT}, "prices": {{"EUR": "1", "EUR": "2"}}}}]', 'has the field "EUR" twice'),
    ("products_json", f'[{{{PRODUCT}, "prices": ["1"]}}]', "prices: must be an object of currency and price"),
    ("products_json", f"[{{{PRODUCT}}}]", "record 1 (W-1): has no price: add one, or set active to false"),
    ("products_json", '[{"sku": 7, "name": "x", "prices": {"EUR": "1"}}]', "record 1: sku: must be text"),
    ("products_json", '[{"name": "x", "prices": {"EUR": "1"}}]', "record 1: sku: is missing: add it"),
    ("products_json", f'[{{{PRODUCT}, "price": "1", "active": false}}]', "price: is not a field of this data set"),
    ("products_json", f'[{{{PRODUCT}, "active": "no"}}]', "active: must be true or false"),
    ("products_json", '[{"sku": "W\\ud800", "name": "x", "active": false}]', "record 1: sku: "),
    ("products_json", '[\n{"sku": "W-1"\n"name": "x"}]', "products.json line 3: is not JSON"),
    ("products_json", '{"W-1": {}}', "products.json: must be a list of records"),
    ("products_json", "[[]]", "record 1: must be an object"),
    ("products_json", "[" * 100_000, "products.json: "),
    ("products_json", "[]", "products.json: has no records"),
    ("products_json", "", "products.json line 1: is not JSON"),
    ("products_csv", "sku,name,active\nW-1,a,no\nW-1,b,no\n", "line 3 (W-1): has the same key as products.csv line 2"),
    ("products_csv", "sku,name,prices.EUR\nW-1,Widget,1,50\n", "products.csv line 2: has 4 columns, the header has 3"),
    ("products_csv", "sku,sku\n", "products.csv line 1: must name every column once"),
    ("products_csv", "", "products.csv line 1: must name every column once"),
    ("products_csv", "sku,name,colour\nW-1,x,red\n", "line 2 (W-1): colour: is not a field of this data set"),
    ("products_csv", 'sku,name\nW-1,"x\n', "products.csv line 2: is not CSV"),
    ("products_csv", b"sku,name,active\nW-1,Stra\xdfe,no\n", "products.csv line 2: is not UTF-8 text"),
    ("products_csv", "sku,name,active\nW-1,x,perhaps\n", "line 2 (W-1): active: must be true or false"),
    ("customers_json", f'[{{{CUSTOMER}, "price_tolerance": "2"}}]', "price_tolerance: must be a fraction from 0 to 1"),
    ("customers_json", f'[{{{CUSTOMER}, "currencies": ["EUR", "eur"]}}]', "currencies[1]: must be an ISO 4217 code"),
    ("customers_json", f'[{{{CUSTOMER}, "currencies": ["EUR", "EUR"]}}]', "names one twice"),
    (
        "customers_json",
        f'[{{{CUSTOMER}, "credit_limit": {{"amount": "10.5", "currency": "JPY"}}}}]',
        "credit_limit: has more decimals than JPY has (0)",
    ),
    (
        "customers_json",
        f'[{{{CUSTOMER}, "credit_limit": {{"amount": "0", "currency": "JPY"}}}}]',
        "credit_limit: must be above 0",
    ),
    (
        "customers_csv",
        "customer_id,name,currencies,credit_limit.amount,credit_limit.currency\nC-1,x,EUR USD,10.00,CHF\n",
        "line 2 (C-1): the credit limit is in a currency in which the customer cannot order",
    ),
    ("holds_csv", "kind,key,reason\nSKU,W-1,recalled\n", "line 2 (W-1): kind: must be sku, customer or country"),
    ("holds_csv", "kind,key,reason\ncountry,Germany,war\n", "must be an ISO 3166-1 alpha-2 code in capitals"),
    ("holds_csv", "kind,key,reason\nsku,W-1,\n", "line 2 (W-1): reason: is missing: add it"),
    ("prodcuts_csv", "sku,name\n", "prodcuts.csv: is no data set: call it customers.json or products.json"),
]


@pytest.mark.parametrize(("file", "content", "complaint"), BAD_FILES)
def test_every_mistake_is_named_with_its_place_and_nothing_is_published(
    command: Command, file: str, content: str | bytes, complaint: str
) -> None:
    if not file.startswith("customers"):
        command.write(customers_csv="customer_id,name\nC-9,fine\n")
    command.write(**{file: content})
    assert command() == 1
    assert complaint in command.complaints[0]
    assert command.complaints[-1] == "NotDone: nothing was published: 1 problem; fix what is named and repeat"
    assert command.published() == {}


def test_all_mistakes_of_all_files_are_named_at_once(command: Command) -> None:
    command.write(
        customers_csv="customer_id,name,price_tolerance\n,Nordwind,2%\nC-2,,0.02\n",
        products_csv="sku,name,prices.EUR\nW-1,x,free\n",
        holds_csv="kind,key,reason\nregion,EU,why\n",
    )
    assert command() == 1
    assert [line.split(": ")[:2] for line in command.complaints[:-1]] == [
        ["customers.csv line 2", "customer_id"],
        ["customers.csv line 2", "price_tolerance"],
        ["customers.csv line 3 (C-2)", "name"],
        ["holds.csv line 2 (EU)", "kind"],
        ["products.csv line 2 (W-1)", "prices.EUR"],
    ]


def test_a_hold_that_would_stop_nothing_is_refused(good: Command) -> None:
    good.write(holds_csv="kind,key,reason\nsku,WIDGET-22,recalled\n")
    assert good() == 1
    assert "there is no sku WIDGET-22, so this hold would stop nothing" in good.complaints[0]


def test_the_same_data_set_twice_is_refused(good: Command) -> None:
    good.write(products_json="[]")
    assert good() == 1
    assert "products.csv: is there a second time as products.json" in good.complaints[0]


def test_a_directory_without_data_and_none_at_all_are_explained(command: Command, tmp_path: Path) -> None:
    assert command() == 1
    assert "is not a directory" in command.complaints[0]
    command.write(README_md="nothing here")
    assert command() == 1
    assert "holds no reference data: add customers.json" in command.complaints[0]


def test_spreadsheets_are_welcome(command: Command) -> None:
    """A byte order mark, semicolons, Windows line ends, a quoted line break, blanks and empty lines at the end."""
    command.write(products_csv='\ufeffsku ; name;prices.EUR\r\n W-1;"Widget;\r\nlarge"; 1.50\r\n;;\r\n\r\n')
    assert command() == 1  # a line break within a name is not text that an ERP can print
    assert "line 2 (W-1): name: must not contain control characters" in command.complaints[0]
    command.write(products_csv='\ufeffsku ; name;prices.EUR\r\n W-1;"Widget; large"; 1.50\r\n;;\r\n\r\n')
    assert command() == 0
    answer = ReferenceObjects(command.client, BUCKET).get("products")
    assert answer is not None
    found = ReferenceFile(PRODUCTS, answer[1]).find("W-1")
    assert found == Product("W-1", "Widget; large", prices={"EUR": Decimal("1.50")})


def test_a_missing_bucket_is_one_clear_message(good: Command) -> None:
    code = good(publisher=S3ReferencePublisher(good.client, "no-such-bucket"))
    assert (code, good.output) == (1, [])
    assert "NoSuchBucket" in good.complaints[0]


def test_a_failure_half_way_says_what_is_done_and_that_repeating_is_safe(good: Command) -> None:
    class FailsAtProducts(S3ReferencePublisher):
        def publish(self, prepared: Prepared) -> None:
            if prepared.name == "products":
                raise DependencyUnavailable("S3", "PutObject answered SlowDown")
            super().publish(prepared)

    code = good(publisher=FailsAtProducts(good.client, BUCKET))
    assert (code, [line.split()[0] for line in good.output]) == (1, ["holds"])
    assert good.complaints[0] == "holds are published; the same command again does the rest"
    assert good.complaints[1].startswith("DependencyUnavailable: S3 is unavailable: PutObject answered SlowDown; ")
    assert good() == 0
    assert ["unchanged" in line for line in good.output[:3]] == [True, False, False]
