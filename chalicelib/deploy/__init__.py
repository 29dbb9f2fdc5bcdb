"""Deployment: what `chalice deploy` does besides Chalice's own work. Nothing here is used inside a Lambda function."""
