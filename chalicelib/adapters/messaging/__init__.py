"""SQS, SNS and EventBridge."""
