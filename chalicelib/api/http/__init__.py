"""Requests, responses and problem documents (RFC 9457)."""
