"""Orders out of ERP databases that cannot push: read over ODBC, mapped, handed to `accept()`, acknowledged."""
