"""Files in S3: batches and reference data."""
