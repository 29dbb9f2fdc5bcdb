"""The REST API: routes, the problem documents of every error, tokens and the OpenAPI document."""
