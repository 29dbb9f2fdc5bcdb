"""The ports' implementations: DynamoDB, S3, Stripe, HTTP, and fakes in memory that pass the same contract suites."""
