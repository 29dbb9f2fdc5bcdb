"""Outcomes written into the ERP's tables."""
