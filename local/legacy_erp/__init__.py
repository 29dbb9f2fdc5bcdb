"""A legacy ERP in one SQLite file, as `make run` shows it: tables of 1994, and a generator that behaves like an ERP."""
