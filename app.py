"""Every Lambda entry point of Orderbridge. A table of contents: each handler calls one function in `chalicelib`."""

import os

from chalice import Rate

from chalicelib.api.application import OrderbridgeApi
from chalicelib.auth.tokens import CACHE_SECONDS
from chalicelib.lambda_handlers import api, batches, consumers, steps

app = OrderbridgeApi(app_name="orderbridge")


@app.authorizer(ttl_seconds=CACHE_SECONDS)
def authorize(request):
    return api.authorize(request)


if os.environ.get("_HANDLER", "app.app") == "app.app":  # only the API's own function pays for the routes' imports
    from chalicelib.api.blueprint import routes

    app.register_blueprint(routes(api.api_services, authorize))

if os.environ.get("AWS_CHALICE_CLI_MODE"):
    from chalicelib.deploy.chalice_hook import hook

    hook.install()


@app.lambda_function()
def validate_order(event, context):
    return steps.run_step("ValidateOrder", event, context)


@app.lambda_function()
def reserve_inventory(event, context):
    return steps.run_step("ReserveInventory", event, context)


@app.lambda_function()
def capture_payment(event, context):
    return steps.run_step("CapturePayment", event, context)


@app.lambda_function()
def confirm_order(event, context):
    return steps.run_step("ConfirmOrder", event, context)


@app.lambda_function()
def refund_payment(event, context):
    return steps.run_step("RefundPayment", event, context)


@app.lambda_function()
def release_inventory(event, context):
    return steps.run_step("ReleaseInventory", event, context)


@app.lambda_function()
def reject_order(event, context):
    return steps.run_step("RejectOrder", event, context)


@app.lambda_function()
def handle_failure(event, context):
    return steps.handle_failure(event, context)


@app.lambda_function()
def project_events(event, context):
    return consumers.project_events(event, context)


@app.lambda_function()
def start_batch(event, context):
    return batches.start_batch(event, context)


@app.lambda_function()
def split_batch(event, context):
    return batches.split_batch(event, context)


@app.lambda_function()
def work_on_page(event, context):
    return batches.work_on_page(event, context)


@app.lambda_function()
def report_batch(event, context):
    return batches.report_batch(event, context)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep(event):
    return consumers.sweep(event.context)


@app.on_sqs_message(queue=f"orderbridge-{os.environ.get('ORDERBRIDGE_STAGE', 'local')}-dead-letters", batch_size=10)
def consume_dead_letters(event):
    return consumers.consume_dead_letters(event.to_dict(), event.context)


@app.on_sqs_message(queue=f"orderbridge-{os.environ.get('ORDERBRIDGE_STAGE', 'local')}-acknowledgements", batch_size=10)
def acknowledge_erp(event):
    return consumers.acknowledge_erp(event.to_dict(), event.context)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def poll_erp(event):
    from poller import lambda_handler  # not needed by any other function

    return lambda_handler.poll_erp(event.context)
