"""The CloudFormation templates."""
