"""Circuit breaker and backoff around calls to others."""
