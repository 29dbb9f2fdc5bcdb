"""ODBC connections, dialects, catalogues, queries."""
