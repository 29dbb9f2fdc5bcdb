"""Tests on real databases over real ODBC drivers."""
