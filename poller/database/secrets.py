"""`${env:NAME}` and `${secret:name#key}` in connection strings, resolved when connecting and never kept or logged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.domain.errors import Misconfigured

_REFERENCE = re.compile(r"\$\{(env|secret):([^}#]+)(?:#([^}]+))?\}")


def no_secrets(name: str) -> str:
    """For places without Secrets Manager. Raises Misconfigured."""
    raise Misconfigured(f"the secret {name} cannot be read here: use ${{env:NAME}}")


def resolve(text: str, environ: Mapping[str, str], secret: Callable[[str], str] = no_secrets) -> str:
    """The text with its references replaced; `secret` maps a secret's name to its value.

    Raises Misconfigured, also for a `${` that begins no reference: it would be sent as if it were the value.
    """
    if "${" in _REFERENCE.sub("", text):
        raise Misconfigured(
            "the connection holds a `${` that begins no reference: "
            "write ${env:NAME}, ${secret:name} or ${secret:name#json_key}"
        )

    def value(match: re.Match[str]) -> str:
        kind, name, key = match.groups()
        if kind == "env":
            if name not in environ:
                raise Misconfigured(f"the environment variable {name} is not set: a source file refers to it")
            return _odbc_value(environ[name])
        found = secret(name)
        if key is None:
            return _odbc_value(found)
        try:
            return _odbc_value(str(json.loads(found)[key]))
        except (ValueError, KeyError, TypeError) as error:
            raise Misconfigured(f"the secret {name} is not JSON with the key {key}") from error

    return _REFERENCE.sub(value, text)


def _odbc_value(text: str) -> str:
    """A password may hold `;` or `}`: braces protect it in a connection string."""
    return "{" + text.replace("}", "}}") + "}" if re.search(r"[;{}\[\]()=]", text) else text


def secrets_manager(client: Any) -> Callable[[str], str]:
    """Reads secrets from AWS Secrets Manager with a boto3-style client. Errors become the domain's."""
    from chalicelib.adapters.aws.errors import aws_errors_translated

    def read(name: str) -> str:
        with aws_errors_translated("secretsmanager"):
            return str(client.get_secret_value(SecretId=name)["SecretString"])

    return read
