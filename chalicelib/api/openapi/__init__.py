"""The OpenAPI document, made from the routes and models; openapi.json is generated."""
