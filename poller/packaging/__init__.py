"""The ODBC drivers in the Lambda bundle."""
