"""Every place where MiniStack answers unlike AWS, and what makes it answer alike.

Each adaptation is one function named in `ADAPTATIONS`. It says what differs upstream; a test in
tests/conformance shows the adapted behaviour, and another fails as soon as upstream does not need it any more.
An adaptation replaces functions of MiniStack's modules before the server starts; it runs in the server only.
"""

from __future__ import annotations

from collections.abc import Callable

from local.emulator.adaptations import (
    api_gateway,
    cloudformation,
    lambda_functions,
    roles,
    s3,
    state_language,
    step_functions,
    streams,
)

ADAPTATIONS: tuple[Callable[[], None], ...] = (
    api_gateway.import_from_openapi,
    api_gateway.payload_limits,
    api_gateway.encoded_paths,
    api_gateway.content_codings,
    lambda_functions.error_class_names,
    lambda_functions.instant_state,
    step_functions.idempotent_start,
    step_functions.retry_delays,
    step_functions.uncatchable_errors,
    step_functions.throttled_tasks,
    state_language.missing_paths,
    state_language.checked_definitions,
    streams.failed_batches_are_retried,
    cloudformation.existing_resources_are_refused,
    cloudformation.table_options,
    cloudformation.checks_of_the_services,
    cloudformation.stream_batch_size,
    roles.state_machines_act_as_their_role,
    roles.mappings_read_as_their_function,
    s3.notices_name_the_version,
)


def apply_all(*, lambda_workers: int) -> None:
    """Apply every adaptation to the MiniStack of this process, before it serves."""
    for adaptation in ADAPTATIONS:
        adaptation()
    lambda_functions.bounded_workers(lambda_workers)
