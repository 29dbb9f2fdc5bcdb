"""Prints what `chalice package` is to merge into its template, so that CloudFormation deploys the whole system.

`chalice package --stage prod --merge-template merge.json out/` makes the template then (docs/deploy.md).
"""

from __future__ import annotations

import argparse
import json

from chalicelib.cli.context import Context, known_stage
from chalicelib.deploy.config.stages import STAGES
from chalicelib.deploy.merge_template import merge_template


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing but the stage."""


def run(options: argparse.Namespace, context: Context) -> int:
    context.print(json.dumps(merge_template(STAGES[known_stage(options.stage)]), indent=2))
    return 0
