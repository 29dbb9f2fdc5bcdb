"""One module a cursor mode; snapshot, which reads without a cursor, is beside them in polling/."""
