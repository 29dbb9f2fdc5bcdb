"""The queue of outcomes knows whose each message is, so that SQS can be fair to all."""

from __future__ import annotations

import json

from moto import mock_aws

from chalicelib.wiring.application import Application
from tests.support.aws import SETTINGS, moto_client


def test_a_message_names_its_source_to_the_queue() -> None:
    with mock_aws():
        sqs = moto_client("sqs")
        url = sqs.create_queue(QueueName=SETTINGS.name("acknowledgements"))["QueueUrl"]
        app = Application(SETTINGS, make_client=lambda service, region, attempts: moto_client(service))
        app.send_acknowledgement({"order_id": "o-1", "source": "sap-emea"})
        [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["MessageGroupId"])["Messages"]
    assert json.loads(message["Body"]) == {"order_id": "o-1", "source": "sap-emea"}
    assert message["Attributes"] == {"MessageGroupId": "sap-emea"}
