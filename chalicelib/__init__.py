"""Orderbridge: takes orders out of any ERP and carries each to an outcome (docs/how-it-works.md)."""
