"""Connecting a new ERP: discover, draft, check."""
