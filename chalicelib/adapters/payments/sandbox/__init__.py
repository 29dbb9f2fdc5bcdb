"""A payment provider without money, for stages that are no production."""
