"""The ports' implementations: DynamoDB, S3, Stripe, HTTP, and twins in memory that pass the same contract suites."""
